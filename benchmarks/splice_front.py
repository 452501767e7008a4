"""The kubelet server alone in a process, for one pod.

Run as a program it takes a directory with certificates and a kubeconfig, and prints its port when it listens.
"""

import asyncio
import logging
import sys
from collections.abc import Iterable
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from kube.client import Client
from kube.clock import SystemClock
from kube.credentials import load_kubeconfig
from kube.objects import Object
from node.kubelet.access import Access
from node.kubelet.authentication import ClientCertificates
from node.kubelet.authorization import Asked
from node.kubelet.pod_directory import HostPod
from node.kubelet.server import KubeletServer
from node.kubelet.serving_tls import ServingTls
from node.kubelet.users import User


class AnyPod:
    """Every pod is there, and has a container `app`."""

    def host_pod(self, namespace: str, name: str, uid: str = "") -> HostPod | None:
        return HostPod(namespace, name, uid, ["app"])

    def virtual_pods(self) -> Iterable[Object]:
        return ()


class Everybody:
    """May do everything."""

    async def permits(self, _user: User, _asked: Asked) -> bool:
        return True


async def serve(directory: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # stdout has the port
    clock = SystemClock()
    tls = ServingTls(directory / "server.crt", directory / "server.key", directory / "ca.crt", clock)
    credentials = await load_kubeconfig(directory / "kubeconfig")
    async with Client(credentials, user_agent="benchmark", field_manager="benchmark") as client:
        server = KubeletServer(
            AnyPod(),
            client,
            node="node",
            clock=clock,
            access=Access([ClientCertificates(tls, clock)], Everybody()),
            tls=tls,
            registry=CollectorRegistry(),
            address="127.0.0.1",
            port=0,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(server.run())
            print(await server.listening_port(), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
