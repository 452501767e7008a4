"""Services, ConfigMaps and Secrets by the thousand through the provider, between two API servers.

A lag is counted from when this program's watch of the virtual cluster tells of an object to when its watch of the host
tells of the copy.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.crowd import (
    at_once,
    connected,
    cpu_seconds,
    lags,
    percentiles,
    until,
    watched,
)
from benchmarks.report import Result, at_most
from kube.client import Client
from kube.informer import Informer
from kube.resources import CONFIG_MAPS, SECRETS, SERVICES, Resource
from kube.store import Change
from reflectors.sync_settings import KEY
from reflectors.translation import metadata
from sandbox.session import session
from tests.scraped import samples_at
from tests.virtual_cluster import VirtualCluster, virtual_cluster

NAMESPACE = "default"
SYNC = "sync"
EVERYTHING = "configMaps: {all: true}\nsecrets: {all: true}\n"
COUNTS: Mapping[Resource, int] = {SERVICES: 1000, CONFIG_MAPS: 2000, SECRETS: 2000}
STEADY_OBJECTS = 500
STEADY_RATE = 50  # objects/s

ObjectName = tuple[Resource, str]


def results() -> list[Result]:
    with TemporaryDirectory() as name, session(Path(name) / "sandbox") as sandbox:
        host, virtual = sandbox.api_server("host-side"), sandbox.api_server("virtual")
        with virtual_cluster(host, virtual, Path(name), f"--sync-config-map={SYNC}") as cluster:
            return asyncio.run(_measure(cluster))


@dataclass
class Sightings:
    """An informer's handler: when each object, by its virtual name, was first seen."""

    resource: Resource
    created: dict[ObjectName, float] = field(default_factory=dict)

    def on_change(self, change: Change) -> None:
        obj = change.object
        name = obj.metadata.annotations.get(metadata.NAME, obj.name)
        self.created.setdefault((self.resource, name), time.monotonic())


@dataclass(frozen=True, slots=True)
class Side:
    client: Client
    informers: Mapping[Resource, Informer]
    sightings: Mapping[Resource, Sightings]

    def created(self) -> dict[ObjectName, float]:
        return {key: when for seen in self.sightings.values() for key, when in seen.created.items()}

    def has_seen(self, names: Iterable[ObjectName]) -> bool:
        return all(name in self.sightings[name[0]].created for name in names)

    def versions(self) -> dict[str, str]:
        """Return the resourceVersion of every object, by its UID."""
        return {obj.uid: obj.resource_version for each in self.informers.values() for obj in each.store.values()}


async def _measure(cluster: VirtualCluster) -> list[Result]:
    async with (
        _side(cluster.virtual.kubeconfig, NAMESPACE) as virtual,
        _side(cluster.host.kubeconfig, cluster.namespace) as host,
    ):
        await host.client.create(CONFIG_MAPS, _body(CONFIG_MAPS, SYNC, cluster.namespace, {"data": {KEY: EVERYTHING}}))
        provider = psutil.Process(cluster.pid)
        before = provider.memory_info().rss
        crowd = await _crowd(virtual, host, provider)
        steady = await _steady(virtual, host)
        after = provider.memory_info().rss
        return [
            *crowd,
            *steady,
            Result("provider's memory before", before / 2**20, unit="MiB"),
            Result(f"provider's memory with {sum(COUNTS.values())} objects", after / 2**20, unit="MiB"),
            await _restart(cluster, virtual, host),
        ]


@asynccontextmanager
async def _side(kubeconfig: Path, namespace: str) -> AsyncIterator[Side]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(await connected(kubeconfig))
        informers = {each: await stack.enter_async_context(watched(client, each, namespace)) for each in COUNTS}
        sightings = {resource: Sightings(resource) for resource in COUNTS}
        for resource, informer in informers.items():
            informer.add_handler(sightings[resource])
        yield Side(client, informers, sightings)


async def _crowd(virtual: Side, host: Side, provider: psutil.Process) -> list[Result]:
    names = [(resource, f"crowd-{number}") for resource, count in COUNTS.items() for number in range(count)]
    cpu, started = cpu_seconds(provider), time.monotonic()
    await at_once(_create(virtual.client, resource, name) for resource, name in names)
    await until(lambda: host.has_seen(names), "all copies to be made")
    taken, cpu = time.monotonic() - started, cpu_seconds(provider) - cpu
    return [
        Result(f"{len(names)} objects created and reflected", len(names) / taken, unit="objects/s"),
        Result("provider's CPU for one", cpu / len(names) * 1e3, unit="ms"),
    ]


async def _steady(virtual: Side, host: Side) -> list[Result]:
    """Create ConfigMaps at a rate that leaves the machine time to breathe."""
    names = [(CONFIG_MAPS, f"steady-{number}") for number in range(STEADY_OBJECTS)]
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, (resource, name) in enumerate(names):
            await asyncio.sleep(max(0.0, started + number / STEADY_RATE - time.monotonic()))
            group.create_task(_create(virtual.client, resource, name))
    await until(lambda: host.has_seen(names), "all copies to be made")
    found = lags(names, virtual.created(), host.created())
    return percentiles(f"created to created on the host at {STEADY_RATE} objects/s", found)


async def _restart(cluster: VirtualCluster, virtual: Side, host: Side) -> Result:
    """Start the provider anew: once it has looked at every object, none of them may be another."""
    before = virtual.versions() | host.versions()
    await asyncio.to_thread(cluster.stop)
    await asyncio.to_thread(cluster.start, f"--sync-config-map={SYNC}")
    url = f"http://127.0.0.1:{cluster.health_port}/metrics"
    for resource, count in COUNTS.items():
        await until(_has_looked_at(url, resource.plural, count), f"all {resource.plural} to be looked at")
    after = virtual.versions() | host.versions()
    changed = sum(after.get(uid) != version for uid, version in before.items())
    return Result("objects written by a restart", changed, at_most(0), "")


def _has_looked_at(url: str, name: str, count: int) -> Callable[[], bool]:
    def look() -> bool:
        return any(
            each.name == "workqueue_work_duration_seconds_count" and each.labels["name"] == name and each.value >= count
            for each in samples_at(url)
        )

    return look


async def _create(client: Client, resource: Resource, name: str) -> None:
    data = {"key": "x" * 1000}
    content: Mapping[Resource, dict[str, Any]] = {
        CONFIG_MAPS: {"data": data},
        SECRETS: {"stringData": data},
        SERVICES: {"spec": {"selector": {"app": name}, "ports": [{"port": 80}]}},
    }
    await client.create(resource, _body(resource, name, NAMESPACE, content[resource]))


def _body(resource: Resource, name: str, namespace: str, content: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}
