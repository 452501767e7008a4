"""The sandbox's own programs as processes, and what tests look at them through."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.informer import Informer
from kube.resources import Resource

PROJECT = Path(__file__).parents[3]


@contextmanager
def running(module: str, kubeconfig: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of sandbox/; it ends by SIGTERM, and with exit code 0, unless the test killed it."""
    command = [sys.executable, "-m", f"sandbox.{module}", "--kubeconfig", str(kubeconfig), *arguments]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            code = process.wait(timeout=20)
    assert code in {0, -9}, f"{module} ended with {code}"


@asynccontextmanager
async def connected(kubeconfig: Path) -> AsyncIterator[Client]:
    async with Client(await load_kubeconfig(kubeconfig), user_agent="test", field_manager="test") as client:
        yield client


@asynccontextmanager
async def watched(client: Client, resource: Resource, namespace: str | None = None) -> AsyncIterator[Informer]:
    """A live copy of a collection."""
    informer = Informer(client, resource, namespace)
    task = asyncio.create_task(informer.run())
    try:
        async with asyncio.timeout(30):
            await informer.wait_synced()
        yield informer
    finally:
        task.cancel()
        await asyncio.wait([task])
