"""A way to the API of a virtual cluster: straight, if there is a route, or else through the host's API server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

from kube.client import Client
from kube.connection import Access
from kube.credentials import load_kubeconfig
from kube.objects import Object
from kube.resources import PODS
from vk_provider.cli.exits import Failure
from vk_provider.cli.host import PROGRAM, Host
from vk_provider.cli.port_forward import forwarded
from vk_provider.cli.private_files import private_file
from vk_provider.cli.virtual_kubeconfig import forwarded as through
from vk_provider.cli.virtual_kubeconfig import read_kubeconfig
from vk_provider.controller.addresses import SERVER_PORT
from vk_provider.controller.names import CLUSTER, ROLE, SERVER

ROUTE_SECONDS = 3.0
CALL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Way:
    """A kubeconfig, in a file that only this user can read, that works here and now."""

    kubeconfig: Path
    is_forwarded: bool  # through a port that is ours


@asynccontextmanager
async def way_to(host: Host, cluster: Object, *, forward: bool | None = None) -> AsyncIterator[Way]:
    """Give a way that holds as long as the block lasts. `forward` says whether a port is forwarded, None: if needed.

    Raises Failure when there is none.
    """
    stored = await read_kubeconfig(host, cluster)
    async with AsyncExitStack() as stack:
        file = stack.enter_context(private_file(stored, suffix=".kubeconfig"))
        if forward is None:
            forward = not await has_route(await (await load_kubeconfig(file)).access())
        if forward:
            port = await stack.enter_async_context(_forwarded(host, cluster))
            file = stack.enter_context(private_file(through(stored, port), suffix=".kubeconfig"))
        yield Way(file, forward)


@asynccontextmanager
async def client_for(way: Way) -> AsyncIterator[Client]:
    """Give a client for the virtual cluster."""
    credentials = await load_kubeconfig(way.kubeconfig)
    async with Client(credentials, user_agent=PROGRAM, field_manager=PROGRAM, timeout=CALL_SECONDS) as client:
        yield client


async def has_route(access: Access) -> bool:
    """Whether the server can be reached, and shows the certificate that it should."""
    url = URL(access.server)
    name = (access.tls_server_name or url.host) if access.tls else None
    try:
        async with asyncio.timeout(ROUTE_SECONDS):
            opened = await asyncio.open_connection(url.host, url.port, ssl=access.tls, server_hostname=name)
    except (OSError, TimeoutError):
        return False
    opened[1].transport.abort()
    return True


async def ready_server(host: Host, cluster: Object) -> str:
    """Return the name of a server pod that answers, or may; raises Failure when there is none."""
    selector = f"{CLUSTER}={cluster.name},{ROLE}={SERVER}"
    pods = (await host.list(PODS, cluster.namespace, label_selector=selector)).objects
    alive = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
    running = [pod for pod in alive if (pod.decode("status") or {}).get("phase") == "Running"]
    for pod in sorted(running, key=_is_ready, reverse=True):
        return pod.name
    name = f"{cluster.namespace}/{cluster.name}"
    raise Failure(f"Cluster {name} has no server that runs", advice=f"See why: vkp cluster describe {name}")


@asynccontextmanager
async def _forwarded(host: Host, cluster: Object) -> AsyncIterator[int]:
    async def server() -> str:
        return await ready_server(host, cluster)

    async with forwarded(host, cluster.namespace, server, SERVER_PORT) as port:
        yield port


def _is_ready(pod: Object) -> bool:
    conditions = (pod.decode("status") or {}).get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
