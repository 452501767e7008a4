"""Accepts connections and opens them, with a limit for each peer, which asyncio's own servers do not have."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import structlog

from node.kubelet.visits import Visit, Visits

HANDSHAKE_LIMIT = 30.0  # seconds
PATIENCE = 1.0  # seconds until the next attempt when the system has no room for a connection
BACKLOG = 512

log = structlog.get_logger()


class Listener:
    """Listens from the beginning; accepts while `run` runs. Whoever made it closes it."""

    def __init__(self, address: str, port: int, visits: Visits) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._visits = visits

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        self._socket.close()

    async def run(self, context: ssl.SSLContext, protocol: Callable[[Visit], asyncio.BaseProtocol]) -> None:
        """Accept until cancelled. The protocol ends its visit when its connection is lost."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:

            def accept() -> None:
                try:
                    connection, address = self._socket.accept()
                except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                    return  # it has gone again
                except OSError as error:  # no descriptor, no memory
                    log.warning("connection not accepted", error=str(error))
                    loop.remove_reader(self._socket)
                    no_room.set()
                    return
                visit = self._visits.begin(str(address[0]))
                if visit is None:
                    connection.close()
                    return
                connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
                opening = group.create_task(_open(connection, context, visit, protocol))
                opening.add_done_callback(lambda ended: _abandon(connection, visit) if ended.cancelled() else None)

            # Not `loop.sock_accept`: cancelled at the moment that a connection comes in, it loses that.
            no_room = asyncio.Event()
            try:
                while True:
                    no_room.clear()
                    loop.add_reader(self._socket, accept)
                    await no_room.wait()
                    await asyncio.sleep(PATIENCE)
            finally:
                loop.remove_reader(self._socket)


async def _open(
    connection: socket.socket,
    context: ssl.SSLContext,
    visit: Visit,
    protocol: Callable[[Visit], asyncio.BaseProtocol],
) -> None:
    await visit.turn()
    try:
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: protocol(visit), connection, ssl=context, ssl_handshake_timeout=HANDSHAKE_LIMIT
        )
    except OSError:  # no TLS, or a certificate that is none: whoever it was has been told
        visit.end()


def _abandon(connection: socket.socket, visit: Visit) -> None:
    """Close what nobody will open any more; its task may have been cancelled before it could begin."""
    connection.close()
    visit.end()
