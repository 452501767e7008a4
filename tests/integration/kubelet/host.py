"""A host API server for streams: grants every change of protocol, and then does what the command says.

It has threads and blocking sockets, so that it ends a connection as Go's servers do: the last bytes, close_notify and
FIN in one go, without waiting for an answer.
"""

import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

GREETING = b"HELLO FROM THE HOST"
REFUSAL = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"no","code":403}'
_BLOCK = bytes(256 * 1024)


@dataclass
class Conversation:
    """One connection to the host, its request read."""

    head: str
    socket: ssl.SSLSocket
    early: bytes  # what came with the request
    sent: int = 0

    @property
    def target(self) -> str:
        return self.head.split(" ", 2)[1]

    @property
    def command(self) -> list[str]:
        return parse_qs(self.target.partition("?")[2]).get("command", [""])

    def header(self, name: str) -> str | None:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.sent += len(data)

    def grant(self, following: bytes = b"") -> None:
        """Change protocols; `following` goes out together with the 101."""
        head = [
            "HTTP/1.1 101 Switching Protocols",
            f"Upgrade: {self.header('Upgrade')}",
            "Connection: Upgrade",
            "X-Stream-Protocol-Version: v4.channel.k8s.io",
            "Audit-Id: the-hosts-own",
        ]
        self.socket.sendall("\r\n".join([*head, "", ""]).encode() + following)

    def received(self) -> Iterator[bytes]:
        if self.early:
            yield self.early
        while data := self.socket.recv(len(_BLOCK)):
            yield data

    def close(self) -> None:
        with contextlib.suppress(OSError):  # without waiting, the peer's answer is never there yet
            self.socket.settimeout(0)
            self.socket.unwrap()
        self.socket.close()


def echo(conversation: Conversation) -> None:
    conversation.grant()
    for data in conversation.received():
        conversation.send(data)


def greet(conversation: Conversation) -> None:
    conversation.grant(GREETING)
    for data in conversation.received():
        conversation.send(data)


def greet_and_leave(conversation: Conversation) -> None:
    conversation.grant(GREETING)


def pour(conversation: Conversation) -> None:
    """Send as many bytes as the command's argument says, and close."""
    conversation.grant()
    left = int(conversation.command[1])
    while left:
        block = _BLOCK[:left]
        conversation.send(block)
        left -= len(block)


def pour_without_end(conversation: Conversation) -> None:
    conversation.grant()
    while True:
        conversation.send(_BLOCK)


def refuse(conversation: Conversation) -> None:
    head = f"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: {len(REFUSAL)}\r\n\r\n"
    conversation.send(head.encode() + REFUSAL)


def say(conversation: Conversation) -> None:
    """Speak WebSocket, on the channels and with the words that the command's arguments say, as in `1:hello`."""
    conversation.grant()
    for argument in conversation.command[1:]:
        channel, _, words = argument.partition(":")
        conversation.send(frame(bytes([int(channel)]) + words.encode()))
    conversation.send(frame(b"", kind=8))


def frame(payload: bytes, *, kind: int = 2) -> bytes:
    return bytes([0x80 | kind, 126]) + len(payload).to_bytes(2, "big") + payload


BEHAVIOURS: Mapping[str, Callable[[Conversation], None]] = {
    "echo": echo,
    "greet": greet,
    "greet-and-leave": greet_and_leave,
    "pour": pour,
    "pour-without-end": pour_without_end,
    "refuse": refuse,
    "say": say,
}


@dataclass
class Host:
    port: int
    conversations: list[Conversation] = field(default_factory=list)
    collected: "queue.Queue[int]" = field(default_factory=queue.Queue)  # what each `collect` got until its end

    def converse(self, connection: ssl.SSLSocket) -> None:
        try:
            received = b""
            while b"\r\n\r\n" not in received:
                data = connection.recv(len(_BLOCK))
                if not data:
                    return
                received += data
            head, _, early = received.partition(b"\r\n\r\n")
            conversation = Conversation(head.decode("latin-1"), connection, early)
            self.conversations.append(conversation)
            BEHAVIOURS.get(conversation.command[0], self._collect)(conversation)
            conversation.close()
        except OSError:  # the other side is gone
            connection.close()

    def _collect(self, conversation: Conversation) -> None:
        """Take all there is; the default, since only exec has a command."""
        conversation.grant()
        count = 0
        try:
            for data in conversation.received():
                count += len(data)
        finally:
            self.collected.put(count)


@contextlib.contextmanager
def host(certificate: Path, key: Path) -> Iterator[Host]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        served = Host(port=listening.getsockname()[1])
        connections: list[ssl.SSLSocket] = []
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    plain, _ = listening.accept()
                except OSError:
                    return
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wrapped = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
                connections.append(wrapped)
                threads.append(threading.Thread(target=served.converse, args=(wrapped,)))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield served
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
