"""A TLS server that lists and replays pods faster than anybody can read them, in a process of its own.

Run as a program it takes a directory for its certificates, and prints its port when it listens. The namespace
`replay-N` is empty at first and has N events to watch; all namespaces together have `PODS` pods, and no events.
"""

import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from benchmarks.pods import pod

PODS = 10_000
PAGE = 500
EVENTS = 10_000
CHANGING = 1000  # pods that the events are about
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

encode = msgspec.json.encode


def event(number: int) -> bytes:
    """Encode one change as an API server does: a line, in a chunk of its own."""
    changed = pod(number % CHANGING)
    changed["metadata"]["resourceVersion"] = str(200_000 + number)
    line = encode({"type": "ADDED" if number < CHANGING else "MODIFIED", "object": changed}) + b"\n"
    return b"%x\r\n%b\r\n" % (len(line), line)


@cache
def page(start: int) -> bytes:
    items = [pod(number) for number in range(start, start + PAGE)]
    for item in items:
        del item["apiVersion"], item["kind"]  # as API servers do
    end = start + PAGE
    return listing(items, str(end) if end < PODS else "")


def listing(items: list[dict[str, object]], following: str = "") -> bytes:
    metadata = {"resourceVersion": "150000", "continue": following}
    body = encode({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})
    return response("200 OK", body)


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
    if replayed:
        return listing([])
    return page(int(query.get("continue", ["0"])[0]))


def converse(connection: socket.socket, context: ssl.SSLContext, answered: Callable[[str], bytes]) -> None:
    """Answer one client's requests until it goes."""
    try:
        with context.wrap_socket(connection, server_side=True) as tls, tls.makefile("rb") as requests:
            while line := requests.readline():
                while requests.readline() not in {b"\r\n", b""}:
                    continue
                tls.sendall(answered(line.split()[1].decode()))
    except OSError:
        return


def serve(directory: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.crt", directory / "server.key")
    events = [event(number) for number in range(EVENTS)]
    for start in range(0, PODS, PAGE):
        page(start)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            arguments = (connection, context, lambda target: answer(target, events))
            threading.Thread(target=converse, args=arguments, daemon=True).start()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
