"""A running kubelet server in front of some host, and connections to it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry, Counter

from kube.client import Client
from kube.clock import Clock, SystemClock
from kube.credentials import load_kubeconfig
from node.kubelet.access import Access
from node.kubelet.authentication import ClientCertificates
from node.kubelet.authorization import Asked
from node.kubelet.limits import Limits
from node.kubelet.server import KubeletServer
from node.kubelet.serving_tls import ServingTls
from node.kubelet.users import User
from tests.eventually import eventually
from tests.integration.kubelet.certificates import Certificates
from tests.integration.kubelet.client import Connection, within_limit
from tests.integration.kubelet.directory import OnePod

NODE = "node"


@dataclass
class Serving:
    """One server, with what tests need to know of it."""

    server: KubeletServer
    certificates: Certificates
    port: int
    counter: Counter  # in the server's registry
    running: "asyncio.Task[None]"
    _connections: list[Connection] = field(default_factory=list)

    async def connect(self, context: ssl.SSLContext | None = None) -> Connection:
        opening = asyncio.open_connection("127.0.0.1", self.port, ssl=context or self.certificates.client_context())
        self._connections.append(Connection(*await within_limit(opening, "a connection")))
        return self._connections[-1]

    @property
    def open_streams(self) -> int:
        return len(self.server._streams)

    async def stop(self) -> None:
        """End the server as SIGTERM does."""
        self.running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await within_limit(asyncio.shield(self.running), "the server to stop")

    async def close_connections(self) -> None:
        for connection in self._connections:
            connection.writer.close()
            with contextlib.suppress(OSError):
                await within_limit(connection.writer.wait_closed(), "a client's connection to close")
        await eventually(lambda: self.open_streams == 0, "all streams to end")


@contextlib.asynccontextmanager
async def serving(
    certificates: Certificates,
    host_port: int,
    *,
    directory: OnePod | None = None,
    access: Access | None = None,
    tls: ServingTls | None = None,
    clock: Clock | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    host_timeout: float = 30.0,
) -> AsyncIterator[Serving]:
    registry = CollectorRegistry()
    credentials = await load_kubeconfig(_kubeconfig(certificates, host_port))
    async with Client(credentials, user_agent="test", field_manager="test", timeout=host_timeout) as host_client:
        clock = clock or SystemClock()
        tls = tls or certificates.serving_tls(clock)
        server = KubeletServer(
            directory or OnePod(),
            host_client,
            node=NODE,
            clock=clock,
            access=access or Access([ClientCertificates(tls, clock)], Everybody()),
            tls=tls,
            registry=registry,
            address="127.0.0.1",
            port=0,
            limits=limits,
        )
        running = asyncio.create_task(server.run())
        port = await within_limit(server.listening_port(), "the server to listen")
        served = Serving(server, certificates, port, Counter("beats", "of a heart", registry=registry), running)
        try:
            yield served
            await served.close_connections()
        finally:
            await served.stop()


class Everybody:
    """May do everything."""

    async def permits(self, _user: User, _asked: Asked) -> bool:
        return True


def _kubeconfig(certificates: Certificates, port: int) -> Path:
    config = {
        "clusters": [
            {"name": "host", "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": "ca.crt"}}
        ],
        "users": [{"name": "provider", "user": {"token": "of-the-provider"}}],
        "contexts": [{"name": "host", "context": {"cluster": "host", "user": "provider"}}],
        "current-context": "host",
    }
    path = certificates.path("kubeconfig")
    path.write_text(yaml.safe_dump(config))
    return path
