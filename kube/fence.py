"""Stops writes at the last moment, in a process that may not write at the time: one that does not lead."""

from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection

from kube.errors import Fenced

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def fenced_request(may_write: Callable[[], bool]) -> type[aiohttp.ClientRequest]:
    """Make the class of requests that ask `may_write` when their connection is there, and again when they would leave.

    No sooner, for the process may have been stopped while the connection was dialled, and before the body is written:
    that is done by a task of its own, and until then nothing of the request has left.
    """

    class FencedRequest(aiohttp.ClientRequest):
        async def send(self, conn: Connection) -> aiohttp.ClientResponse:
            if self._is_held_back():
                raise Fenced(self.method, self.url.raw_path)
            return await super().send(conn)

        async def write_bytes(
            self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
        ) -> None:
            if not self._is_held_back():
                await super().write_bytes(writer, conn, content_length)
            elif conn.protocol is not None:  # whoever waits for the answer is told, and closes the connection
                conn.protocol.set_exception(Fenced(self.method, self.url.raw_path))

        def _is_held_back(self) -> bool:
            return self.method not in _READS and not may_write()

    return FencedRequest
