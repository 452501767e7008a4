"""A host API server that takes in or gives out as many bytes as an exec's command says; a process, with a thread each.

Run as a program it takes a directory with its certificate, and prints its port when it listens.
"""

import contextlib
import socket
import ssl
import sys
import threading
from pathlib import Path

BLOCK = 256 * 1024


def serve(directory: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.crt", directory / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            plain, _ = listening.accept()
            threading.Thread(target=_converse, args=(context, plain), daemon=True).start()


def _converse(context: ssl.SSLContext, plain: socket.socket) -> None:
    with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
        verb, size = head.partition(b"command=")[2].partition(b"&")[0].partition(b" ")[0].split(b"-")
        if verb == b"take":
            take(connection, int(size))
            connection.sendall(b"\0")
        else:
            give(connection, int(size))
        connection.recv(1)


def take(connection: ssl.SSLSocket, size: int) -> None:
    buffer = bytearray(BLOCK)
    while size > 0:
        count = connection.recv_into(buffer)
        if not count:
            raise ConnectionError(f"{size} bytes are missing")
        size -= count


def give(connection: ssl.SSLSocket, size: int) -> None:
    block = bytes(BLOCK)
    for _ in range(size // BLOCK):
        connection.sendall(block)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
