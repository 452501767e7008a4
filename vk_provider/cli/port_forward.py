"""A port of this machine's that leads to a pod's, through the API server: for those who have no route to the pod.

WebSocket with the protocol v4.channel.k8s.io, which API servers hand on to the kubelet in every version from 1.20 on
(that they also tunnel SPDY since 1.30 is for their own clients). It has two channels: data, and what went wrong; on
each, the first two bytes are the port. One connection carries one stream, so each that comes in opens one of its own.
Source: kubernetes, pkg/kubelet/cri/streaming/portforward/websocket.go.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from yarl import URL

from kube.connection import open_socket
from kube.errors import ApiError, CredentialsError
from kube.resources import PODS
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.host import Host

PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_HEAD = 2  # bytes: the port, which comes first on each channel
_PIECE = 64 * 1024
_HANDSHAKE_SECONDS = 30.0

ChoosePod = Callable[[], Awaitable[str]]
"""Gives the name of a pod that should answer; asked for each connection, since pods come and go."""


@asynccontextmanager
async def forwarded(host: Host, namespace: str, choose: ChoosePod, port: int) -> AsyncIterator[int]:
    """Listen on 127.0.0.1 as long as the block lasts; gives the port.

    Raises Failure at once if a first connection cannot be made; later ones that fail are just closed.
    """
    connector = aiohttp.TCPConnector(limit=0, socket_factory=open_socket)
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        forwarding = _Forwarding(host, session, namespace, choose, port)
        await (await forwarding.opened()).close()
        async with _listening(forwarding) as local_port:
            yield local_port


@asynccontextmanager
async def _listening(forwarding: "_Forwarding") -> AsyncIterator[int]:
    async with asyncio.TaskGroup() as group:
        carrying: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = group.create_task(forwarding.carry(reader, writer))
            carrying.add(task)
            task.add_done_callback(carrying.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in carrying:
                task.cancel()


@dataclass(frozen=True, slots=True)
class _Forwarding:
    host: Host
    session: aiohttp.ClientSession
    namespace: str
    choose: ChoosePod
    port: int

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end closes it."""
        try:
            async with await self.opened() as socket:
                await _until_either_ends(_outwards(reader, socket), _inwards(socket, writer))
        except (aiohttp.ClientError, ApiError, CredentialsError, Failure, OSError, TimeoutError):
            pass  # whoever connected sees a closed connection, as with a pod that went away
        finally:
            writer.close()

    async def opened(self) -> aiohttp.ClientWebSocketResponse:
        """Open a stream to a pod; raises Failure."""
        pod = await self.choose()
        access = await self.host.access()
        url = URL(access.server + PODS.path(self.namespace, pod, "portforward"), encoded=True)
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                return await self.session.ws_connect(
                    url.with_query(ports=str(self.port)),
                    protocols=[PROTOCOL],
                    headers={"Authorization": access.authorization} if access.authorization else {},
                    ssl=access.tls or True,
                    server_hostname=access.tls_server_name,
                    max_msg_size=0,
                )
        except aiohttp.WSServerHandshakeError as error:
            raise _refused(error.status, f"{self.namespace}/{pod}", self.port) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Failure(f"no way to pod {self.namespace}/{pod}: {error}", Exit.NO_ACCESS) from error


async def _outwards(reader: asyncio.StreamReader, socket: aiohttp.ClientWebSocketResponse) -> None:
    while data := await reader.read(_PIECE):
        await socket.send_bytes(bytes([_DATA]) + data)


async def _inwards(socket: aiohttp.ClientWebSocketResponse, writer: asyncio.StreamWriter) -> None:
    heads = {_DATA: _HEAD, _ERROR: _HEAD}  # bytes of them still to come
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        channel, content = message.data[0], message.data[1:]
        cut = min(heads.get(channel, 0), len(content))
        heads[channel] = heads.get(channel, 0) - cut
        if channel == _ERROR and content[cut:]:
            return
        if channel == _DATA and content[cut:]:
            writer.write(content[cut:])
            await writer.drain()


async def _until_either_ends(*directions: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(direction) for direction in directions]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _refused(status: int, pod: str, port: int) -> Failure:
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED):
        return Failure(
            f"not allowed: port-forward to pod {pod}",
            Exit.NO_ACCESS,
            advice="It takes the rights to get and to create pods/portforward in that namespace.",
        )
    return Failure(f"the host cluster does not forward port {port} of pod {pod}: it answers {status}")
