"""One call of a gRPC service, over TLS: as little of HTTP/2 as that takes.

etcd is asked this way and no other: K3s serves etcd's JSON gateway to its own host only. A call is answered by one
message, or refused without a word, for the reason stands in compressed headers, which are not read here.
"""

import asyncio
import ssl
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_END_STREAM, _ACK, _END_HEADERS, _PADDED = 0x1, 0x1, 0x4, 0x8
_STREAM = 1
_WINDOW = 1 << 20  # bytes of an answer that we take without more ado
_NO_PUSH, _WINDOW_SIZE = 2, 4  # settings


class GrpcError(Exception):
    """The service was not reached, or refused."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is; `name` is what its certificate must bear."""

    address: str
    port: int
    tls: ssl.SSLContext
    name: str


@dataclass(frozen=True, slots=True)
class _Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes


async def call(endpoint: Endpoint, method: str, message: bytes, *, seconds: float = 5.0) -> bytes:
    """Call a method, like `/etcdserverpb.Cluster/MemberList`, and return its answer. Raises GrpcError."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(
                endpoint.address, endpoint.port, ssl=endpoint.tls, server_hostname=endpoint.name
            )
            try:
                writer.write(_request(endpoint, method, message))
                return await _answer(reader, writer, method)
            finally:
                writer.close()
                with suppress(OSError, ssl.SSLError):
                    await writer.wait_closed()
    except (OSError, EOFError, TimeoutError) as error:
        raise GrpcError(f"{endpoint.address}:{endpoint.port}: {error or 'no answer in time'}") from error


def client_tls(context: ssl.SSLContext) -> ssl.SSLContext:
    """Have a context agree on HTTP/2."""
    context.set_alpn_protocols(["h2"])
    return context


def _request(endpoint: Endpoint, method: str, message: bytes) -> bytes:
    headers = {
        ":method": "POST",
        ":scheme": "https",
        ":path": method,
        ":authority": endpoint.name,
        "content-type": "application/grpc",
        "te": "trailers",
    }
    block = b"".join(_literal(name, value) for name, value in headers.items())
    settings = struct.pack(">HIHI", _NO_PUSH, 0, _WINDOW_SIZE, _WINDOW)
    body = struct.pack(">BI", 0, len(message)) + message
    return b"".join(
        [
            _PREFACE,
            _frame(_SETTINGS, 0, 0, settings),
            _frame(_HEADERS, _END_HEADERS, _STREAM, block),
            _frame(_DATA, _END_STREAM, _STREAM, body),
        ]
    )


async def _answer(reader: StreamReader, writer: StreamWriter, method: str) -> bytes:
    body = b""
    while True:
        frame = await _read_frame(reader)
        if frame.kind in (_SETTINGS, _PING) and not frame.flags & _ACK:
            writer.write(_frame(frame.kind, _ACK, 0, frame.payload if frame.kind == _PING else b""))
        if frame.kind == _GOAWAY or (frame.kind == _RESET and frame.stream == _STREAM):
            raise GrpcError(f"{method}: refused")
        if frame.kind == _DATA:
            body += _unpadded(frame)
        if frame.kind in (_DATA, _HEADERS) and frame.flags & _END_STREAM:
            return _message(body, method)


def _message(body: bytes, method: str) -> bytes:
    """Return the one message in the body; there is none where the call was refused."""
    if len(body) < 5:
        raise GrpcError(f"{method}: refused")
    compressed, size = struct.unpack_from(">BI", body)
    if compressed or len(body) != 5 + size:
        raise GrpcError(f"{method}: the answer makes no sense")
    return body[5:]


async def _read_frame(reader: StreamReader) -> _Frame:
    head = await reader.readexactly(9)
    size = int.from_bytes(head[:3])
    return _Frame(head[3], head[4], int.from_bytes(head[5:9]) & 0x7FFFFFFF, await reader.readexactly(size))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def _unpadded(frame: _Frame) -> bytes:
    if not frame.flags & _PADDED:
        return frame.payload
    return frame.payload[1 : len(frame.payload) - frame.payload[0]]


def _literal(name: str, value: str) -> bytes:
    """Return a header that nobody need remember (RFC 7541, 6.2.2), uncompressed."""
    return b"\0" + b"".join(bytes([len(text)]) + text for text in (name.encode(), value.encode()))


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protobuf message. Raises ValueError."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(message, position)
            yield number, value
        elif wire == 2:
            size, position = _varint(message, position)
            if position + size > len(message):
                raise ValueError("the message is cut short")
            yield number, message[position : position + size]
            position += size
        else:
            raise ValueError(f"field {number} has wire type {wire}, which is not known here")


def field(number: int, value: int) -> bytes:
    """Return a whole number as a field."""
    return _encoded(number << 3) + _encoded(value)


def _encoded(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message) or shift > 63:
            raise ValueError("the message is cut short")
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
