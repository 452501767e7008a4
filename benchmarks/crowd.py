"""Pods by the thousand on simulated nodes: how to start the nodes, drive the pods and see what became of them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median, quantiles
from subprocess import Popen
from typing import TypeVar

import psutil

from benchmarks.report import Result, at_most
from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.informer import Informer
from kube.resources import Resource
from tests.scraped import samples_at

CALLERS = 16
LIMIT = 300.0
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

K = TypeVar("K", bound=Hashable)


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


async def connected(kubeconfig: Path) -> Client:
    credentials = await load_kubeconfig(kubeconfig)
    return Client(credentials, user_agent="benchmark", field_manager="benchmark", timeout=LIMIT)


def count_writes(url: str) -> float:
    """How many a daemon has sent, apart from those that say who leads."""
    return sum(
        sample.value
        for sample in samples_at(url)
        if sample.name == "rest_client_requests_total"
        and sample.labels["method"] in WRITES
        and sample.labels["server"] != "lease"
    )


def lags(keys: Iterable[K], since: Mapping[K, float], until: Mapping[K, float]) -> list[float]:
    return [until[key] - since[key] for key in keys]


def percentiles(what: str, seconds: list[float]) -> list[Result]:
    """Return the median and the 99th percentile, which is to be at most 100 ms."""
    return [
        Result(f"{what}, p50", median(seconds) * 1e3, unit="ms"),
        Result(f"{what}, p99", quantiles(seconds, n=100)[-1] * 1e3, at_most(100), "ms"),
    ]
