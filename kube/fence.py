"""Stops writes at the last moment, in a process that may not write at the time: one that does not lead."""

from collections.abc import Callable

import aiohttp
from aiohttp.connector import Connection

from kube.errors import Fenced

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def fenced_request(may_write: Callable[[], bool]) -> type[aiohttp.ClientRequest]:
    """Make the class of requests that ask `may_write` when their connection is there and they would leave.

    No sooner, for the process may have been stopped while the connection was dialled.
    """

    class FencedRequest(aiohttp.ClientRequest):
        async def send(self, conn: Connection) -> aiohttp.ClientResponse:
            if self.method not in _READS and not may_write():
                raise Fenced(self.method, self.url.raw_path)
            return await super().send(conn)

    return FencedRequest
