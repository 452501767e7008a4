"""A stage for pods by the thousand: both API servers watched, the host's scheduler played, the provider looked at."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.crowd import LIMIT, at_once, connected, count_writes, simulator, until, watched
from kube.client import Client
from kube.objects import Object
from kube.resources import PODS
from kube.store import Change, ChangeKind
from reflectors.translation import metadata
from sandbox.session import session
from sandbox.simulated_pod import PodSpec, PodStatus
from tests.virtual_cluster import VirtualCluster, virtual_cluster

SIMULATED_NODES = 20
NAMESPACE = "default"
BATCH = 500


@dataclass
class Sightings:
    """An informer's handler: when each pod, by its virtual name, was first seen, and first seen Running."""

    created: dict[str, float] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    changes: int = 0

    def on_change(self, change: Change) -> None:
        self.changes += 1
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
        self._nodes = itertools.cycle(f"simulated-{number}" for number in range(SIMULATED_NODES))

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

    cluster: VirtualCluster
    virtual: Client
    on_virtual: Sightings
    on_host: Sightings

    @property
    def provider(self) -> psutil.Process:
        return psutil.Process(self.cluster.pid)

    def writes(self) -> float:
        """How often the provider has written so far."""
        return count_writes(f"http://127.0.0.1:{self.cluster.health_port}/metrics")

    async def run(self, names: Iterable[str]) -> float:
        """Create pods as fast as all involved can; return the seconds until they run."""
        wanted, started = list(names), time.monotonic()
        await at_once(create(self.virtual, name) for name in wanted)
        await until_all_in(self.on_virtual.running, wanted, "Running")
        return time.monotonic() - started

    async def delete_all(self, names: Iterable[str]) -> float:
        """Delete pods, in requests that take less than a minute; return the seconds until they are gone."""
        wanted, started = list(names), time.monotonic()
        for batch in sorted(set(map(_batch, wanted))):
            query = [("labelSelector", f"batch={batch}")]
            await self.virtual.request("DELETE", PODS.path(NAMESPACE), query=query, timeout=LIMIT)
        await until_all_in(self.on_virtual.gone, wanted, "gone")
        return time.monotonic() - started


@contextmanager
def simulated() -> Iterator[VirtualCluster]:
    """A virtual cluster on a host of simulated nodes."""
    with TemporaryDirectory() as name, session(Path(name) / "sandbox") as sandbox:
        host, virtual = sandbox.api_server("simulated"), sandbox.api_server("virtual")
        with (
            simulator(host.kubeconfig, nodes=SIMULATED_NODES),
            virtual_cluster(host, virtual, Path(name)) as cluster,
        ):
            yield cluster


@asynccontextmanager
async def stage_of(cluster: VirtualCluster) -> AsyncIterator[Stage]:
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
        yield Stage(cluster, virtual, on_virtual, on_host)


async def until_all_in(seen: Mapping[str, float], names: Iterable[str], what: str) -> None:
    wanted = set(names)
    await until(lambda: wanted <= seen.keys(), f"all pods to be {what}")


def _batch(name: str) -> str:
    number = int(name.rpartition("-")[2])
    return str(number // BATCH)


async def create(client: Client, name: str) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"batch": _batch(name)}},
        "spec": {
            "nodeName": "virtual-node",
            "automountServiceAccountToken": False,
            "containers": [{"name": "app", "image": "sandbox.local/pause:1"}],
        },
    }
    await client.create(PODS, pod)
