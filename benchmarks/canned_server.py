"""A TLS server that answers any request with one pod at once, in a process of its own: what is measured is the client.

Run as a program it takes a directory for its certificates, and prints its port when it listens.
"""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

from benchmarks.pods import pod_json
from kube.certificates import Subject, issue, new_authority

TOKEN = "t" * 900  # about as long as a service account's


class _Answering(asyncio.Protocol):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            whole = end + 4 + _content_length(self._received[:end])
            if len(self._received) < whole or self._transport is None:
                return
            self._received = self._received[whole:]
            self._transport.write(self._answer)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def serve(directory: Path) -> None:
    body = pod_json(7)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.crt", directory / "server.key")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(head + body), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@dataclass(frozen=True)
class CannedServer:
    url: str
    kubeconfig: Path
    authority: Path


@contextmanager
def canned_server(program: str = "benchmarks.canned_server") -> Iterator[CannedServer]:
    """Run a module that serves as this one does, until the caller is done with it."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        _write_certificates(directory)
        command = [sys.executable, "-m", program, name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                url = f"https://127.0.0.1:{int(cast('IO[str]', process.stdout).readline())}"
                yield CannedServer(url, _write_kubeconfig(directory, url), directory / "ca.crt")
            finally:
                process.terminate()


def _write_certificates(directory: Path) -> None:
    now = datetime.now(UTC)
    authority = new_authority("benchmark", now=now)
    server = issue(authority, Subject("server"), usages=["server"], now=now, names=["127.0.0.1"])
    (directory / "ca.crt").write_bytes(authority.certificate)
    (directory / "server.crt").write_bytes(server.certificate)
    (directory / "server.key").write_bytes(server.key)


def _write_kubeconfig(directory: Path, url: str) -> Path:
    path = directory / "kubeconfig"
    path.write_text(
        f"""
        apiVersion: v1
        kind: Config
        clusters: [{{name: canned, cluster: {{server: "{url}", certificate-authority: ca.crt}}}}]
        users: [{{name: anybody, user: {{token: {TOKEN}}}}}]
        contexts: [{{name: canned, context: {{cluster: canned, user: anybody}}}}]
        current-context: canned
        """
    )
    return path


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
