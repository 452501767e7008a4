"""Pods by the thousand through the provider: two API servers, a simulated kubelet on the host, and no container.

The pods are bound to the virtual node from the start, and bound on the host by this program: no scheduler has a share
in the figures. A lag is counted from when this program's watch of one side tells of a change to when its watch of the
other side tells what the provider made of it.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.crowd import (
    LIMIT,
    at_once,
    connected,
    count_writes,
    cpu_seconds,
    lags,
    percentiles,
    simulator,
    until,
    watched,
)
from benchmarks.report import Result, at_least, at_most
from kube.client import Client
from kube.objects import Object
from kube.resources import PODS
from kube.store import Change, ChangeKind
from reflectors.translation import metadata
from sandbox.session import session
from sandbox.simulated_pod import PodSpec, PodStatus
from tests.virtual_cluster import VirtualCluster, virtual_cluster

NODES_IN_ALL = 20
PODS_IN_ALL = 2000
STEADY_PODS = 1000
STEADY_RATE = 50  # pods/s
NAMESPACE = "default"


def results() -> list[Result]:
    with TemporaryDirectory() as name, session(Path(name) / "sandbox") as sandbox:
        host, virtual = sandbox.api_server("simulated"), sandbox.api_server("virtual")
        with (
            simulator(host.kubeconfig, nodes=NODES_IN_ALL),
            virtual_cluster(host, virtual, Path(name)) as cluster,
        ):
            return asyncio.run(_measure(cluster))


@dataclass
class Sightings:
    """An informer's handler: when each pod, by its virtual name, was first seen, and first seen Running."""

    created: dict[str, float] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)

    def on_change(self, change: Change) -> None:
        pod = change.object
        name, now = pod.metadata.annotations.get(metadata.NAME, pod.name), time.monotonic()
        self.created.setdefault(name, now)
        if change.kind is ChangeKind.DELETED:
            self.gone[name] = now
        elif name not in self.running and (pod.decode("status", PodStatus) or PodStatus()).phase == "Running":
            self.running[name] = now


class Binder:
    """An informer's handler that takes the host's scheduler's part: the nodes have their turns."""

    def __init__(self, client: Client, group: asyncio.TaskGroup) -> None:
        self._client = client
        self._group = group
        self._nodes = itertools.cycle(f"simulated-{number}" for number in range(NODES_IN_ALL))

    def on_change(self, change: Change) -> None:
        pod = change.object
        if change.kind is ChangeKind.ADDED and not (pod.decode("spec", PodSpec) or PodSpec([])).node_name:
            self._group.create_task(self._bind(pod, next(self._nodes)))

    async def _bind(self, pod: Object, node: str) -> None:
        body = {"metadata": {"name": pod.name, "uid": pod.uid}, "target": {"kind": "Node", "name": node}}
        await self._client.create(PODS, body, pod.namespace, subresource="binding", name=pod.name)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the pods play on."""

    virtual: Client
    on_virtual: Sightings
    on_host: Sightings
    provider: psutil.Process
    count_writes: Callable[[], float]


async def _measure(cluster: VirtualCluster) -> list[Result]:
    async with _stage(cluster) as stage:
        before = stage.provider.memory_info().rss
        steady = await _steady(stage)
        crowd = await _crowd(stage)
    after = stage.provider.memory_info().rss
    return [
        *steady,
        *crowd,
        Result("provider's memory before", before / 2**20, unit="MiB"),
        Result(f"provider's memory after {STEADY_PODS + PODS_IN_ALL} pods", after / 2**20, unit="MiB"),
    ]


@asynccontextmanager
async def _stage(cluster: VirtualCluster) -> AsyncIterator[Stage]:
    on_virtual, on_host = Sightings(), Sightings()
    async with (
        await connected(cluster.host.kubeconfig) as host,
        await connected(cluster.virtual.kubeconfig) as virtual,
        watched(host, PODS, cluster.namespace) as host_pods,
        watched(virtual, PODS, NAMESPACE) as virtual_pods,
        asyncio.TaskGroup() as group,
    ):
        host_pods.add_handler(on_host)
        host_pods.add_handler(Binder(host, group))
        virtual_pods.add_handler(on_virtual)
        metrics = f"http://127.0.0.1:{cluster.health_port}/metrics"
        yield Stage(virtual, on_virtual, on_host, psutil.Process(cluster.pid), lambda: count_writes(metrics))


async def _steady(stage: Stage) -> list[Result]:
    """Create pods at a steady rate that leaves the machine time to breathe."""
    names = [f"steady-{number}" for number in range(STEADY_PODS)]
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(names):
            await asyncio.sleep(max(0.0, started + number / STEADY_RATE - time.monotonic()))
            group.create_task(_create(stage.virtual, name))
    await _until_all_in(stage.on_virtual.running, names, "Running")
    await _delete_all(stage, names)
    down = lags(names, stage.on_virtual.created, stage.on_host.created)
    up = lags(names, stage.on_host.running, stage.on_virtual.running)
    return [
        *percentiles(f"created to created on the host at {STEADY_RATE} pods/s", down),
        *percentiles(f"Running on the host to Running at {STEADY_RATE} pods/s", up),
    ]


async def _crowd(stage: Stage) -> list[Result]:
    """Create and delete as many pods as fast as all involved can."""
    names = [f"crowd-{number}" for number in range(PODS_IN_ALL)]
    writes, cpu, started = stage.count_writes(), cpu_seconds(stage.provider), time.monotonic()
    await at_once(_create(stage.virtual, name) for name in names)
    await _until_all_in(stage.on_virtual.running, names, "Running")
    running = time.monotonic()
    await _delete_all(stage, names)
    gone, cpu, writes = time.monotonic(), cpu_seconds(stage.provider) - cpu, stage.count_writes() - writes
    return [
        Result(f"{PODS_IN_ALL} pods created and Running", PODS_IN_ALL / (running - started), at_least(100), "pods/s"),
        Result(f"{PODS_IN_ALL} pods deleted and gone", PODS_IN_ALL / (gone - running), unit="pods/s"),
        Result("provider's CPU from created to gone", cpu / PODS_IN_ALL * 1e3, at_most(2), "ms/pod"),
        Result("provider's writes from created to gone", writes / PODS_IN_ALL, unit="/pod"),
    ]


async def _delete_all(stage: Stage, names: Iterable[str]) -> None:
    await stage.virtual.request("DELETE", PODS.path(NAMESPACE), timeout=LIMIT)
    await _until_all_in(stage.on_virtual.gone, names, "gone")


async def _until_all_in(seen: dict[str, float], names: Iterable[str], what: str) -> None:
    wanted = set(names)
    await until(lambda: wanted <= seen.keys(), f"all pods to be {what}")


async def _create(client: Client, name: str) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": "benchmark"}},
        "spec": {
            "nodeName": "virtual-node",
            "automountServiceAccountToken": False,
            "containers": [{"name": "app", "image": "sandbox.local/pause:1"}],
        },
    }
    await client.create(PODS, pod)
