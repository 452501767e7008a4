"""A provider that Prometheus watches, and that meets whatever a test has in store for it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from kube.client import Client
from sandbox.session import ApiServer
from tests.faulty_proxy import FaultyProxy
from tests.integration.kube.following import connected
from tests.integration.monitoring.prometheus import Prometheus, Target, prometheus
from tests.virtual_cluster import VirtualCluster
from vk_provider.install.alerts import CLUSTER_LABEL, PROVIDER_JOB


@dataclass(frozen=True)
class Watched:
    """The provider reaches both API servers through proxies; `host` and `virtual` go straight to them."""

    provider: VirtualCluster
    host_proxy: FaultyProxy
    virtual_proxy: FaultyProxy
    host: Client
    virtual: Client
    prometheus: Prometheus
    namespace: str  # of the tenant

    async def start(self, *arguments: str) -> None:
        """Start the provider, which the test has prepared everything for."""
        through = (
            f"--host-kubeconfig={self.host_proxy.kubeconfig}",
            f"--virtual-kubeconfig={self.virtual_proxy.kubeconfig}",
        )
        await asyncio.to_thread(self.provider.start, *through, *arguments)

    def kubelet_api(self) -> aiohttp.ClientSession:
        """Return a client that is let in as the virtual API server is."""
        folder = self.provider.virtual.certificates
        tls = ssl.create_default_context(cafile=folder / "ca.crt")
        tls.load_cert_chain(folder / "apiserver-kubelet-client.crt", folder / "apiserver-kubelet-client.key")
        url = f"https://{self.provider.host.machine}:{self.provider.kubelet_port}"
        return aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(ssl=tls))

    async def stop(self) -> None:
        self.host_proxy.heal()
        self.virtual_proxy.heal()
        if self.provider.is_running:
            await asyncio.to_thread(self.provider.stop)


@asynccontextmanager
async def watched(host: ApiServer, virtual: ApiServer, program: Path, folder: Path) -> AsyncIterator[Watched]:
    """All but the provider run."""
    host_namespace = await asyncio.to_thread(host.create_namespace, "tenant")
    namespace = await asyncio.to_thread(virtual.create_namespace, "shop")
    provider = VirtualCluster(host, virtual, host_namespace, folder)
    labels = {"job": PROVIDER_JOB, "namespace": host_namespace, CLUSTER_LABEL: provider.name, "pod": "provider-0"}
    for name in ("host", "virtual"):
        (folder / name).mkdir()
    with ExitStack() as stack:
        watcher = stack.enter_context(prometheus(program, folder, [Target(provider.health_port, labels)]))
        async with (
            FaultyProxy(host.kubeconfig, folder / "host") as host_proxy,
            FaultyProxy(virtual.kubeconfig, folder / "virtual") as virtual_proxy,
            connected(host.kubeconfig) as host_client,
            connected(virtual.kubeconfig) as virtual_client,
        ):
            clients = (host_client, virtual_client)
            world = Watched(provider, host_proxy, virtual_proxy, *clients, watcher, namespace)
            try:
                yield world
            finally:
                await world.stop()
    host.delete_namespace(host_namespace)
    virtual.delete_namespace(namespace)
