"""A client of the kubelet API that decides which bytes go into each write."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
LIMIT = 20.0


def upgrade_request(path: str, *, method: str = "POST", to: str = "SPDY/3.1", headers: str = "") -> bytes:
    """`headers` are lines, each with its end."""
    return f"{method} {path} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: {to}\r\n{headers}\r\n".encode()


def request(path: str, *, method: str = "GET", headers: str = "") -> bytes:
    """`headers` are lines, each with its end."""
    return f"{method} {path} HTTP/1.1\r\nHost: node\r\n{headers}\r\n".encode()


@dataclass
class Head:
    status: int
    headers: Mapping[str, str]


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        """Put the bytes into one write."""
        self.writer.write(data)

    async def head(self) -> Head:
        text = await within_limit(self.reader.readuntil(b"\r\n\r\n"), "an answer's head")
        first, *lines = text.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines if line)
        return Head(int(first.split(" ")[1]), {name.lower(): value for name, _, value in pairs})

    async def body(self, head: Head) -> bytes:
        return await self.exactly(int(head.headers["content-length"]))

    async def exactly(self, count: int) -> bytes:
        return await within_limit(self.reader.readexactly(count), f"{count} bytes")

    async def rest(self) -> bytes:
        return await within_limit(self.reader.read(), "the end of the connection")

    async def switched(self, path: str, **how: str) -> "Connection":
        """This connection, once it has changed protocols."""
        self.send(upgrade_request(path, **how))
        assert (await self.head()).status == 101
        return self

    async def echoed(self, data: bytes) -> bytes:
        """Send, and read as much as was sent, at the same time."""
        self.send(data)
        return await self.exactly(len(data))

    def vanish(self) -> None:
        """Go away without a word."""
        self.writer.transport.abort()


async def within_limit(awaited: Awaitable[T], what: str) -> T:
    try:
        async with asyncio.timeout(LIMIT):
            return await awaited
    except TimeoutError:
        raise AssertionError(f"waited {LIMIT:g} s for {what}") from None
