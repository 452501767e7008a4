"""What a command prints until it ends, read from the host's exec stream."""

import asyncio
import base64
import secrets
from dataclasses import dataclass

from kube.codec import decode_status
from kube.objects import Status
from kube.upgrade import Headers, Upgraded
from node.kubelet.websocket_frames import Frames, Kind, pong

MAX_OUTPUT = 16 << 20  # bytes, as container runtimes allow for such commands

_OUTPUT, _ERRORS, _RESULT = 1, 2, 3


def websocket() -> Headers:
    """What asks the host for a stream that `read_output` understands."""
    return [
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", base64.b64encode(secrets.token_bytes(16)).decode()),
        ("Sec-WebSocket-Protocol", "v4.channel.k8s.io"),
    ]


@dataclass(frozen=True, slots=True)
class Output:
    """What was printed, output and errors as they came; `failure` says why it is not all well, if so."""

    printed: bytes
    failure: str = ""


async def read_output(upgraded: Upgraded) -> Output:
    """Return when the command has ended, and close the stream whatever happens."""
    reading = _Reading(upgraded.transport)
    try:
        reading.data_received(upgraded.tail)
        upgraded.transport.resume_reading()
        await reading.ended.wait()
        return reading.output()
    finally:
        upgraded.transport.abort()


class _Reading(asyncio.Protocol):
    def __init__(self, transport: asyncio.Transport) -> None:
        self.ended = asyncio.Event()
        self._transport = transport
        self._frames = Frames()
        self._printed = bytearray()
        self._result: Status | None = None
        self._fault = ""
        transport.set_protocol(self)

    def output(self) -> Output:
        if self._fault or self._result is None:
            return Output(bytes(self._printed), self._fault or "the host broke off")
        failure = "" if self._result.status == "Success" else self._result.message or "the command failed"
        return Output(bytes(self._printed), failure)

    def data_received(self, data: bytes) -> None:
        try:
            for kind, message in self._frames.feed(data):
                self._take(kind, message)
        except ValueError as error:
            self._end(str(error))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.ended.set()

    def _take(self, kind: Kind, message: bytes) -> None:
        if kind is Kind.CLOSE:
            self.ended.set()
        elif kind is Kind.PING:
            self._transport.write(pong(message))
        elif message[:1] == bytes([_RESULT]) and len(message) > 1:
            self._result = decode_status(message[1:])
        elif message[:1] in (bytes([_OUTPUT]), bytes([_ERRORS])):
            self._printed += message[1:]
            if len(self._printed) > MAX_OUTPUT:
                self._end(f"it printed more than {MAX_OUTPUT >> 20} MiB")

    def _end(self, fault: str) -> None:
        self._fault = fault
        self.ended.set()
