"""A TLS server on loopback that does what a test says: for what a real API server does not do on request."""

import asyncio
import base64
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from kube.certificates import Subject, issue
from tests.unit.kube.identities import authority

Handle = Callable[[StreamReader, StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tls_server(
    folder: Path, handle: Handle, *, name: str = "127.0.0.1", user: dict[str, Any] | None = None
) -> AsyncIterator[Path]:
    """Serve connections by `handle`; give a kubeconfig of the server, whose certificate is for `name`."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: StreamReader, writer: StreamWriter) -> None:
        tasks.add(asyncio.create_task(_serve(handle, reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=_context(folder, name))
    port = server.sockets[0].getsockname()[1]
    try:
        yield _kubeconfig(folder, f"https://127.0.0.1:{port}", user or {})
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=10)


async def _serve(handle: Handle, reader: StreamReader, writer: StreamWriter) -> None:
    try:
        await handle(reader, writer)
    except (OSError, EOFError):
        pass  # how connections end
    finally:
        writer.transport.abort()


def _context(folder: Path, name: str) -> ssl.SSLContext:
    own = issue(authority(), Subject("server"), usages=["server"], now=datetime.now(UTC), names=[name])
    (folder / "server.pem").write_bytes(own.certificate + own.key)
    (folder / "authority.pem").write_bytes(authority().certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "authority.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_cert_chain(folder / "server.pem")
    return context


def _kubeconfig(folder: Path, url: str, user: dict[str, Any]) -> Path:
    trusted = base64.b64encode(authority().certificate).decode()
    path = folder / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": {"server": url, "certificate-authority-data": trusted}}],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )
    return path


async def read_head(reader: StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")


def user_of(writer: StreamWriter) -> str:
    """The common name in the client's certificate."""
    certificate = writer.get_extra_info("peercert") or {}
    return next((value for ((key, value),) in certificate.get("subject", ()) if key == "commonName"), "")
