"""Two connections made one: what comes in at one end goes out at the other, bytes as they are.

Promises: a slow end slows the other down, so what is held in between is bounded; when one end closes, what it sent is
still delivered before the other is closed. There is no half-closing: asyncio's TLS cannot, and SPDY and WebSocket end
their streams inside their own framing.
"""

import asyncio


class Splice:
    """Takes over both transports, whose reading must be paused; `start` lets the bytes go."""

    def __init__(self, down: asyncio.Transport, up: asyncio.Transport) -> None:
        self._down, self._up = _End(down), _End(up)
        self._down.other, self._up.other = self._up, self._down

    @property
    def bytes_up(self) -> int:
        return self._down.received

    @property
    def bytes_down(self) -> int:
        return self._up.received

    def start(self, *, to_up: bytes, to_down: bytes) -> None:
        """Begin, with what either side had sent already."""
        self._down.data_received(to_up)
        self._up.data_received(to_down)
        self._down.resume_reading()
        self._up.resume_reading()

    async def finished(self) -> None:
        """Return when both connections are gone."""
        await self._down.lost.wait()
        await self._up.lost.wait()

    async def close(self, *, within: float) -> None:
        """Close both ends, each after what is still to be sent; cut them when that takes more than `within` seconds."""
        self._down.transport.close()
        self._up.transport.close()
        try:
            async with asyncio.timeout(within):
                await self.finished()
        except TimeoutError:
            self._down.transport.abort()
            self._up.transport.abort()


class _End(asyncio.Protocol):
    other: "_End"

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.lost = asyncio.Event()
        self.received = 0
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if data and not self.other.lost.is_set():
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.resume_reading()

    def resume_reading(self) -> None:
        if not self.lost.is_set():
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.lost.set()
        self.other.transport.close()
