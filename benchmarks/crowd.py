"""Pods by the thousand on simulated nodes: how to start the nodes, drive the pods and see what became of them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import Popen

import psutil

from kube.client import Client
from kube.informer import Informer
from kube.resources import Resource

CALLERS = 16
LIMIT = 300.0


@contextmanager
def simulator(kubeconfig: Path, *, nodes: int) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "sandbox.simulator", "--kubeconfig", str(kubeconfig), "--nodes", str(nodes)]
    with Popen(command) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


@asynccontextmanager
async def watched(client: Client, resource: Resource, namespace: str | None = None) -> AsyncIterator[Informer]:
    informer = Informer(client, resource, namespace)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(informer.run())
        await informer.wait_synced()
        yield informer
        watching.cancel()


async def until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(LIMIT):
            while not condition():  # noqa: ASYNC110 - as seen through an informer, which has no event for it
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise TimeoutError(f"waited {LIMIT:g} s for {what}") from None


async def at_once(calls: Iterable[Awaitable[None]]) -> None:
    """Await them all, as many at a time as there are callers."""
    waiting = iter(calls)

    async def call() -> None:
        for awaitable in waiting:
            await awaitable

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(call())


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
