"""Where it all happens: two real API servers with controllers, simulated nodes on the host, a real provider between."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.crowd import connected, simulator, watched
from kube.client import Client
from kube.errors import ApiError, NotFound
from kube.resources import (
    CONFIG_MAPS,
    NAMESPACES,
    PERSISTENT_VOLUMES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)
from reflectors.sync_settings import KEY
from sandbox.provider import NODE
from sandbox.session import ApiServer, Session
from tests.eventually import eventually_true
from tests.faults import churn, snapshot
from tests.faults.disk import Disk, small_disk
from tests.faults.history import History
from tests.faults.ordeal import servers
from tests.faults.plan import Side
from tests.faults.process import Daemon
from tests.faults.striking import Striker
from tests.faults.tenant import Tenant
from tests.faults.world import CLUSTER, ORIGIN_NAME, ORIGIN_NAMESPACE, ORIGIN_UID, PLANTED, Name, World
from tests.faulty_proxy import FaultyProxy
from tests.virtual_cluster import VirtualCluster

SIMULATED_NODES = 4
VOLUMES = 60
SYNC = "sync"
EVERYTHING = "".join(f"{kind}: {{enabled: true}}\n" for kind in ("ingresses", "priorityClasses", "storageClasses"))
START_SECONDS = 60.0


@dataclass
class Stage:
    cluster: str
    host_namespace: str
    host: Client
    virtual: Client
    tenant: Tenant
    history: History
    striker: Striker
    planted: list[dict[str, Any]]

    async def world(self, churned: churn.Churn) -> World:
        """Everything as it is now."""
        virtual, host = await snapshot.virtual_objects(self.virtual), await snapshot.host_objects(self.host)
        return World(
            cluster=self.cluster,
            host_namespace=self.host_namespace,
            node=NODE,
            virtual=virtual,
            host=host,
            now=datetime.now(UTC),
            expected={Name(each.resource.kind, *each.key): number for each, number in churned.expected.items()},
            taken=frozenset(self.tenant.done.taken),
            planted=self.planted,
        )


@asynccontextmanager
async def stage(session: Session, folder: Path) -> AsyncIterator[Stage]:
    async with servers(session, "faults-host", "faults-virtual") as (host, virtual):
        with small_disk(folder / "disk") as disk, simulator(host.kubeconfig, nodes=SIMULATED_NODES):
            async with _set(host, virtual, disk, folder) as stage:
                yield stage


@asynccontextmanager
async def _set(host: ApiServer, virtual: ApiServer, disk: Disk, folder: Path) -> AsyncIterator[Stage]:
    namespace = host.create_namespace("tenant")
    cluster = VirtualCluster(host, virtual, namespace, folder)
    sides = {Side.HOST: host, Side.VIRTUAL: virtual}
    async with await connected(host.kubeconfig) as to_host, await connected(virtual.kubeconfig) as to_virtual:
        await _furnish(to_host, to_virtual, namespace)
        async with _proxies(sides, folder) as proxies:
            daemon, jump = _provider(cluster, proxies, disk, folder)
            async with _observed(to_host, to_virtual, namespace) as history, asyncio.TaskGroup() as group:
                keeping = group.create_task(daemon.run(), name="provider")
                striker = Striker(daemon, sides, proxies, disk, jump, lambda: cluster.not_ready() is None)
                tenant = Tenant(to_host, to_virtual, namespace, history, daemon.said_of)
                planted = await _plant(to_host, namespace, cluster.name)
                try:
                    yield Stage(cluster.name, namespace, to_host, to_virtual, tenant, history, striker, planted)
                finally:
                    keeping.cancel()


async def _furnish(host: Client, virtual: Client, namespace: str) -> None:
    """What the tenant and the provider find there."""
    await host.create(CONFIG_MAPS, {"metadata": {"name": SYNC}, "data": {KEY: EVERYTHING}}, namespace)
    for number in range(VOLUMES):
        await host.create(PERSISTENT_VOLUMES, _volume(f"volume-{number}"))
    for name in churn.LASTING_NAMESPACES:
        await virtual.create(NAMESPACES, {"metadata": {"name": name}})

    async def are_there() -> bool:
        try:
            for name in churn.LASTING_NAMESPACES:
                account = await virtual.get(SERVICE_ACCOUNTS, "default", name)
                if not account.decode("secrets"):  # of which pods get one, before 1.24
                    return False
        except NotFound:
            return False
        return True

    await eventually_true(are_there, "the tenant's ServiceAccounts", seconds=START_SECONDS)


def _volume(name: str) -> dict[str, Any]:
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/nowhere"}}
    return {"metadata": {"name": name}, "spec": spec}


async def _plant(host: Client, namespace: str, cluster: str) -> list[dict[str, Any]]:
    """Objects of others that look as much as possible like the provider's own, in its namespace."""
    resembling = {
        "labels": {CLUSTER: cluster, ORIGIN_NAMESPACE: "shop"},
        "annotations": {ORIGIN_NAMESPACE: "shop", ORIGIN_NAME: "pods-1", ORIGIN_UID: PLANTED},
    }
    another = {"labels": {CLUSTER: "another"}, "annotations": resembling["annotations"]}
    container = {"name": "main", "image": "sandbox.local/pause:1"}
    contents: dict[Resource, dict[str, Any]] = {
        CONFIG_MAPS: {"data": {"a": "b"}},
        SECRETS: {"stringData": {"a": "b"}},
        SERVICES: {"spec": {"ports": [{"port": 80}]}},
        PODS: {"spec": {"schedulerName": "nobody", "containers": [container]}},
    }
    made = []
    for resource, content in contents.items():
        for name, metadata in (("resembling", resembling), ("another", another), ("plain", {})):
            body = {"metadata": {**metadata, "name": f"planted-{name}"}, **content}
            obj = await host.create(resource, body, namespace)
            made.append({"kind": resource.kind, "metadata": _identity(obj.to_dict())})
    return made


def _identity(obj: dict[str, Any]) -> dict[str, Any]:
    return {key: obj["metadata"][key] for key in ("name", "uid", "resourceVersion")}


@asynccontextmanager
async def _proxies(servers: dict[Side, ApiServer], folder: Path) -> AsyncIterator[dict[Side, FaultyProxy]]:
    folders = {side: folder / f"proxy-{side}" for side in servers}
    for each in folders.values():
        each.mkdir()
    async with (
        FaultyProxy(servers[Side.HOST].kubeconfig, folders[Side.HOST]) as host,
        FaultyProxy(servers[Side.VIRTUAL].kubeconfig, folders[Side.VIRTUAL]) as virtual,
    ):
        yield {Side.HOST: host, Side.VIRTUAL: virtual}


def _provider(
    cluster: VirtualCluster, proxies: dict[Side, FaultyProxy], disk: Disk, folder: Path
) -> tuple[Daemon, Callable[[float], None]]:
    """The daemon, and how to have its clock jump by so many seconds."""
    clock = folder / "clock"
    command = [
        sys.executable,
        "-m",
        "tests.faults.jumping_provider",
        str(clock),
        *cluster.arguments(),
        f"--host-kubeconfig={proxies[Side.HOST].kubeconfig}",
        f"--virtual-kubeconfig={proxies[Side.VIRTUAL].kubeconfig}",
        f"--sync-config-map={SYNC}",
        "--log-format=json",  # a line an event: of a traceback on a console the end alone would be kept
    ]
    return Daemon(command, disk.folder / "provider.log"), lambda seconds: _write(clock, f"{seconds}")


def _write(path: Path, text: str) -> None:
    path.write_text(text)


@asynccontextmanager
async def _observed(host: Client, virtual: Client, namespace: str) -> AsyncIterator[History]:
    history = History()
    async with watched(host, PODS, namespace) as host_pods, watched(virtual, PODS) as virtual_pods:
        host_pods.add_handler(_Handler(history.on_host))
        virtual_pods.add_handler(_Handler(history.on_virtual))
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(_look_at_suspects(history, host, namespace))
            yield history
            looking.cancel()


async def _look_at_suspects(history: History, host: Client, namespace: str) -> None:
    """See whether the host pod of a virtual pod that has gone is still there: then it went too early."""
    while True:
        for uid, pod in list(history.suspects.items()):
            try:
                there = await host.get(PODS, pod.name, namespace)
                history.confirm(uid, is_there=there.uid == pod.uid)
            except NotFound:
                history.confirm(uid, is_there=False)
            except ApiError:
                continue  # its API server is away
        await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class _Handler:
    on_change: Callable[..., None]
