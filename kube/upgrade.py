"""Ask an API server to change the protocol (exec, attach, port-forward) and hand over the naked transport.

Promises: nothing that came after the 101 is lost, and reading is paused until the new owner resumes it, so that bytes
can be spliced with back-pressure, whatever is spoken in them; a refusal is the typed error, with the body unchanged.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from yarl import URL

from kube.connection import Access, watch_silence
from kube.errors import Answer, Unreachable, error_from_response, seconds

Headers = Sequence[tuple[str, str]]

_HEAD_LIMIT = 64 * 1024
_BODY_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    status: int
    reason: str
    headers: Headers

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A connection that now speaks another protocol; whoever has it must close it.

    To take it over: `transport.set_protocol(...)`, take `tail` as the first bytes received, then
    `transport.resume_reading()`.
    """

    transport: asyncio.Transport
    head: Head
    tail: bytes


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    method: str
    target: str
    headers: Headers

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def encode(self, access: Access) -> bytes:
        server = URL(access.server)
        lines = [f"{self.method} {server.raw_path.rstrip('/')}{self.target} HTTP/1.1", f"Host: {server.authority}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if access.authorization is not None:
            lines.append(f"Authorization: {access.authorization}")
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a line break in the request's head")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def upgrade(access: Access, request: UpgradeRequest) -> Upgraded:
    """Dial, ask, and return on 101; raises Unreachable or, on any other answer, the error that it means."""
    head = request.encode(access)
    transport, asking = await _dial(access, request)
    try:
        watch_silence(transport.get_extra_info("socket"))
        transport.write(head)
        return await _answer(request, transport, asking)
    except BaseException:
        transport.abort()
        raise


async def _dial(access: Access, request: UpgradeRequest) -> "tuple[asyncio.Transport, _Asking]":
    server = URL(access.server)
    name = (access.tls_server_name or server.host) if access.tls else None
    try:
        return await asyncio.get_running_loop().create_connection(
            _Asking, server.host or "", server.port or 443, ssl=access.tls, server_hostname=name
        )
    except OSError as error:
        raise Unreachable(request.method, request.path, str(error), refused=True) from error


async def _answer(request: UpgradeRequest, transport: asyncio.Transport, asking: "_Asking") -> Upgraded:
    try:
        head = await asking.head()
        if head.status == 101:
            return Upgraded(transport, head, bytes(asking.received))
        body = await asking.body(head)
    except (OSError, ValueError) as error:
        raise Unreachable(request.method, request.path, str(error) or type(error).__name__) from error
    answer = Answer(head.status, body, head.header("content-type"), seconds(head.header("retry-after")))
    raise error_from_response(request.method, request.path, answer)


class _Asking(asyncio.Protocol):
    """Collects the answer, and never reads on by itself once its head is complete."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._more = asyncio.Event()
        self._lost: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self._transport is not None:
            self._transport.pause_reading()
        self._more.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = exc or ConnectionResetError("closed before the answer was complete")
        self._more.set()

    async def head(self) -> Head:
        while (end := self.received.find(b"\r\n\r\n")) < 0:
            if len(self.received) > _HEAD_LIMIT:
                raise ValueError("the answer's head does not end")
            await self._read_on()
        head = parse_head(bytes(self.received[:end]))
        del self.received[: end + 4]
        return head

    async def body(self, head: Head) -> bytes:
        """Return a refusal's body, as far as it comes."""
        while (body := complete_body(head, bytes(self.received))) is None and len(self.received) < _BODY_LIMIT:
            try:
                await self._read_on()
            except OSError:
                return bytes(self.received)
        return bytes(self.received) if body is None else body

    async def _read_on(self) -> None:
        if self._lost is not None:
            raise self._lost
        self._more.clear()
        if self._transport is not None:
            self._transport.resume_reading()
        await self._more.wait()


def parse_head(data: bytes) -> Head:
    """Parse status line and headers; raises ValueError for what is not HTTP/1."""
    line, *lines = data.decode("latin-1").split("\r\n")
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not code.isdecimal():
        raise ValueError(f"not an HTTP/1 answer: {line[:80]!r}")
    pairs = (line.partition(":") for line in lines)
    return Head(int(code), reason, [(name.strip(), value.strip()) for name, _, value in pairs])


def complete_body(head: Head, received: bytes) -> bytes | None:
    """Return the body once all of it is there; None while some is missing or only the end of the stream can tell."""
    if "chunked" in head.header("transfer-encoding").lower():
        return _unchunk(received)
    length = head.header("content-length")
    if length.isdecimal() and len(received) >= int(length):
        return received[: int(length)]
    return None


def _unchunk(received: bytes) -> bytes | None:
    body, position = b"", 0
    while (line_end := received.find(b"\r\n", position)) >= 0:
        size = int(received[position:line_end].partition(b";")[0], 16)
        if size < 0:
            raise ValueError("a chunk of negative size")
        start = line_end + 2
        if size == 0:
            return body
        if len(received) < start + size + 2:
            return None
        body += received[start : start + size]
        position = start + size + 2
    return None
