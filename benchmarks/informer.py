"""The informer against the library's Watch, on the same events from the same server; and its first sync."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from kubernetes_asyncio.client import ApiClient, Configuration, CoreV1Api
from kubernetes_asyncio.config import load_kube_config
from kubernetes_asyncio.watch import Watch

from benchmarks.canned_server import canned_server
from benchmarks.initial_sync import measure_sync
from benchmarks.report import Result, at_least, at_most, paired
from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.informer import Informer
from kube.resources import PODS
from kube.store import Change

ROUNDS = 51  # short ones, for the machine's own speed changes within seconds
SYNCS = 25
MIB = 1024 * 1024

Follow = Callable[[Path, int], Coroutine[Any, Any, float]]


def results() -> list[Result]:
    with canned_server("benchmarks.replay_server") as server:
        return [*_events(server.kubeconfig), *_syncs(server.kubeconfig)]


def _events(kubeconfig: Path) -> list[Result]:
    rates: dict[str, list[float]] = {name: [] for name in FOLLOWERS}
    for _ in range(ROUNDS):
        for name, (follow, count) in FOLLOWERS.items():
            rates[name].append(asyncio.run(follow(kubeconfig, count)))
    return [
        Result("events, informer / Watch with models", paired(rates["informer"], rates["models"]), at_least(40)),
        Result("events, informer / Watch with dicts", paired(rates["informer"], rates["dicts"]), at_least(3)),
        *(Result(f"events, {name}", median(found), unit="/s") for name, found in rates.items()),
    ]


def _syncs(kubeconfig: Path) -> list[Result]:
    syncs = [measure_sync(kubeconfig) for _ in range(SYNCS)]
    return [
        Result("first sync of 10,000 pods", median(sync.seconds for sync in syncs), unit="s"),
        Result("longest stall in it", median(sync.stall for sync in syncs) * 1000, at_most(50), unit="ms"),
        Result("memory that it takes", median(sync.grown for sync in syncs) / MIB, at_most(120), unit="MiB"),
        Result("full garbage collection with it", median(sync.collection for sync in syncs) * 1000, unit="ms"),
    ]


class Stopwatch:
    """Times events from the first to the last, so that connecting does not count."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._seen = 0
        self._began = 0.0
        self.rate: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def on_change(self, change: Change) -> None:
        if change.old is not None:
            self.see()

    def see(self) -> bool:
        """Count one event; True at the last."""
        self._seen += 1
        if self._seen == 1:
            self._began = time.perf_counter()
        if self._seen == self._count:
            self.rate.set_result((self._count - 1) / (time.perf_counter() - self._began))
        return self._seen == self._count


async def _follow_with_informer(kubeconfig: Path, count: int) -> float:
    stopwatch = Stopwatch(count)
    credentials = await load_kubeconfig(kubeconfig)
    async with Client(credentials, user_agent="benchmark", field_manager="benchmark") as client:
        informer = Informer(client, PODS, f"replay-{count}")
        informer.add_handler(stopwatch)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(informer.run())
            rate = await stopwatch.rate
            run.cancel()
    return rate


async def _follow_with_models(kubeconfig: Path, count: int) -> float:
    async with _core(kubeconfig) as core:
        return await _watch(core.list_namespaced_pod, count)


async def _follow_with_dicts(kubeconfig: Path, count: int) -> float:
    async with _core(kubeconfig) as core:

        async def undocumented(*arguments: Any, **options: Any) -> Any:
            # Watch learns the model from the docstring; without one it yields dicts.
            return await core.list_namespaced_pod(*arguments, **options)

        return await _watch(undocumented, count)


async def _watch(listed: Callable[..., Any], count: int) -> float:
    stopwatch = Stopwatch(count)
    async with Watch() as watch:
        async for _ in watch.stream(listed, f"replay-{count}", resource_version="150000"):
            if stopwatch.see():
                break
    return await stopwatch.rate


@asynccontextmanager
async def _core(kubeconfig: Path) -> AsyncIterator[CoreV1Api]:
    configuration = Configuration()
    await load_kube_config(str(kubeconfig), client_configuration=configuration)
    async with ApiClient(configuration) as api:
        yield CoreV1Api(api)


FOLLOWERS: Mapping[str, tuple[Follow, int]] = {  # with as many events as take each about a quarter of a second
    "informer": (_follow_with_informer, 5_000),
    "dicts": (_follow_with_dicts, 1_500),
    "models": (_follow_with_models, 75),
}
