"""What a virtual cluster's own API shows: its nodes, and how the provider's reflectors keep up."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from kube.client import Client
from kube.codec import decode_object
from kube.errors import ApiError, CredentialsError
from kube.objects import Object
from kube.resources import NODES
from vk_provider.cli.exits import Failure
from vk_provider.cli.host import Host
from vk_provider.cli.reaching import client_for, way_to
from vk_provider.cli.status.reflectors import Reflector, read_reflectors

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VirtualSight:
    version: str = ""
    nodes: Sequence[Json] = ()
    reflectors: Sequence[Reflector] = ()
    trouble: str = ""  # why there is not more to see
    is_forwarded: bool = False


class VirtualSide:
    """Keeps the way to a virtual cluster from one look to the next; `close` it in the end."""

    def __init__(self, host: Host, cluster: Object) -> None:
        self._host = host
        self._cluster = cluster
        self._stack = AsyncExitStack()
        self._client: Client | None = None
        self._is_forwarded = False

    async def close(self) -> None:
        self._client = None
        await self._stack.aclose()

    async def look(self) -> VirtualSight:
        """Look once; what does not work is told as trouble, and tried anew at the next look."""
        try:
            return await self._look(await self._open())
        except Failure as failure:
            await self.close()
            return VirtualSight(trouble=failure.message)
        except (ApiError, CredentialsError) as error:
            await self.close()
            return VirtualSight(trouble=f"the virtual API server does not answer as it should: {error}")

    async def _open(self) -> Client:
        if self._client is None:
            way = await self._stack.enter_async_context(way_to(self._host, self._cluster))
            self._is_forwarded = way.is_forwarded
            self._client = await self._stack.enter_async_context(client_for(way))
        return self._client

    async def _look(self, client: Client) -> VirtualSight:
        version = decode_object(await client.request("GET", "/version")).decode("gitVersion", str) or ""
        nodes = (await client.list(NODES)).objects
        reflectors, trouble = await _reflectors(client, nodes)
        bodies = [node.to_dict() for node in nodes]
        return VirtualSight(version, bodies, reflectors, trouble, self._is_forwarded)


async def _reflectors(client: Client, nodes: Sequence[Object]) -> tuple[Sequence[Reflector], str]:
    """Ask the provider for its metrics, through any of its nodes, and say why that did not work."""
    trouble = "there is no node yet" if not nodes else ""
    for node in nodes:
        try:
            text = await client.request("GET", NODES.path(None, node.name, "proxy/metrics"))
        except ApiError as error:
            trouble = f"the provider does not tell its metrics: {error.message}"
            continue
        return read_reflectors(text.decode(errors="replace")), ""
    return (), trouble
