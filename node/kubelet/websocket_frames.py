"""What a WebSocket server sends, cut into messages; RFC 6455, as much of it as Kubernetes uses. Pure."""

from collections.abc import Iterator
from enum import IntEnum

MAX_MESSAGE = 16 << 20  # bytes; Kubernetes sends 32 KiB at a time


class Kind(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Frames:
    """Feed it what arrives."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._kind: Kind | None = None  # of the message of which the end is still to come
        self._message = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """Yield the messages that are complete. Raises ValueError for what is no such protocol."""
        self._received += data
        while (frame := self._frame()) is not None:
            kind, is_last, payload = frame
            if kind >= Kind.CLOSE:  # these come between the parts of others
                yield kind, payload
                continue
            if (kind is Kind.CONTINUATION) is (self._kind is None):
                raise ValueError("a part without its message, or a message within another")
            self._kind = self._kind or kind
            self._message += payload
            if len(self._message) > MAX_MESSAGE:
                raise ValueError("a message of extreme length")
            if is_last:
                yield self._kind, bytes(self._message)
                self._kind, self._message = None, bytearray()

    def _frame(self) -> tuple[Kind, bool, bytes] | None:
        """The next frame, once all of it is there."""
        if len(self._received) < 2:
            return None
        first, second = self._received[:2]
        if first & 0x70 or second & 0x80:
            raise ValueError("an extension that nobody asked for, or a masked frame from a server")
        start = 2 + {126: 2, 127: 8}.get(second, 0)
        if len(self._received) < start:
            return None
        length = second if start == 2 else int.from_bytes(self._received[2:start], "big")
        if length > MAX_MESSAGE:
            raise ValueError("a frame of extreme length")
        if len(self._received) < start + length:
            return None
        payload = bytes(self._received[start : start + length])
        del self._received[: start + length]
        return Kind(first & 0x0F), bool(first & 0x80), payload


def pong(ping: bytes) -> bytes:
    """A client's answer. Clients must mask; with zeros that changes nothing."""
    return bytes([0x80 | Kind.PONG, 0x80 | len(ping)]) + bytes(4) + ping
