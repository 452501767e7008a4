"""A TLS server that lists and replays pods faster than anybody can read them, in a process of its own.

Run as a program it takes a directory for its certificates, and prints its port when it listens. The namespace
`replay-N` has `CHANGING` pods and N changes to them to watch; all namespaces together have `PODS` pods, and rest.
"""

import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from benchmarks.pods import pod
from kube.client import PAGE

PODS = 10_000
EVENTS = 10_000
CHANGING = 1000  # pods that the events are about
READ, WRITE = 64 * 1024, 1024 * 1024
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

T = TypeVar("T")
encode = msgspec.json.encode


def event(number: int) -> bytes:
    """Encode one change as an API server does: a line, in a chunk of its own."""
    changed = pod(number % CHANGING)
    changed["metadata"]["resourceVersion"] = str(200_000 + number)
    line = encode({"type": "MODIFIED", "object": changed}) + b"\n"
    return b"%x\r\n%b\r\n" % (len(line), line)


@cache
def page(start: int, size: int, count: int) -> bytes:
    end = min(start + size, count)
    items = [pod(number) for number in range(start, end)]
    for item in items:
        del item["apiVersion"], item["kind"]  # as API servers do
    metadata = {"resourceVersion": "150000", "continue": str(end) if end < count else ""}
    return response("200 OK", encode({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}))


def response(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answer(target: str, events: list[bytes]) -> bytes:
    parts = urlsplit(target)
    query = parse_qs(parts.query)
    replayed = re.search(r"/replay-(\d+)/", parts.path)
    if "sendInitialEvents" in query:
        return response("422 Unprocessable Entity", b"")
    if "watch" in query:
        return CHUNKED + b"".join(events[: int(replayed[1])] if replayed else ())
    start, size = (int(query.get(name, ["0"])[0]) for name in ("continue", "limit"))
    return page(start, size or PODS, CHANGING if replayed else PODS)


class Tls:
    """A connection that encrypts much at once: OpenSSL itself would make a system call of each 16 KiB."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._until_done(self._object.do_handshake)

    def read(self) -> bytes:
        """Return what has come; raises EOFError when the client has gone."""
        data = self._until_done(lambda: self._object.read(READ))
        if not data:
            raise EOFError
        return data

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), WRITE):
            self._object.write(view[start : start + WRITE])
            self._connection.sendall(self._outgoing.read())

    def _until_done(self, attempt: Callable[[], T]) -> T:
        while True:
            try:
                done = attempt()
            except ssl.SSLWantReadError:
                self._connection.sendall(self._outgoing.read())
                received = self._connection.recv(READ)
                if not received:
                    raise EOFError from None
                self._incoming.write(received)
                continue
            self._connection.sendall(self._outgoing.read())
            return done


def converse(connection: socket.socket, context: ssl.SSLContext, answered: Callable[[str], bytes]) -> None:
    """Answer one client's requests until it goes."""
    with connection, suppress(OSError, EOFError):
        tls = Tls(connection, context)
        request = b""
        while True:
            request += tls.read()
            if b"\r\n\r\n" in request:
                tls.write(answered(request.split()[1].decode()))
                request = b""


def serve(directory: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.crt", directory / "server.key")
    events = [event(number) for number in range(EVENTS)]
    for start in range(0, PODS, PAGE):
        page(start, PAGE, PODS)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            arguments = (connection, context, lambda target: answer(target, events))
            threading.Thread(target=converse, args=arguments, daemon=True).start()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
