"""How long a virtual cluster with a standby is without a provider that writes: after kill -9, and after SIGTERM.

Two API servers and no node. Time runs from the signal until a pod has its host pod that was bound to the virtual node
as soon as the leader's process was gone.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.crowd import connected, until, watched
from benchmarks.report import Result, at_most
from kube.client import Client
from kube.resources import PODS
from reflectors.translation.metadata import NAME
from sandbox.provider import NODE
from sandbox.session import ApiServer, session
from tests.virtual_cluster import VirtualCluster, running

ROUNDS = 3
NAMESPACE = "default"


def results() -> list[Result]:
    with TemporaryDirectory() as name, session(Path(name) / "sandbox") as sandbox:
        host, virtual = sandbox.api_server("host"), sandbox.api_server("virtual")
        with _twins(host, virtual, Path(name)) as twins:
            return asyncio.run(_measure(twins))


@dataclass
class Twins:
    """Two providers of one cluster."""

    leader: VirtualCluster
    standby: VirtualCluster

    def swap(self) -> None:
        """The one that has ended starts again, and stands by."""
        self.standby.wait_leading()
        self.leader.start()
        self.leader, self.standby = self.standby, self.leader


@contextmanager
def _twins(host: ApiServer, virtual: ApiServer, folder: Path) -> Iterator[Twins]:
    namespace = host.create_namespace("standby")
    with ExitStack() as stack:
        started = []
        for name in ("one", "other"):
            (folder / name).mkdir()
            cluster = VirtualCluster(host, virtual, namespace, folder / name)
            started.append(stack.enter_context(running(cluster)))
        yield Twins(*started)


async def _measure(twins: Twins) -> list[Result]:
    async with (
        await connected(twins.leader.host.kubeconfig) as host,
        await connected(twins.leader.virtual.kubeconfig) as virtual,
        watched(host, PODS, twins.leader.namespace) as host_pods,
    ):

        def on_host(name: str) -> bool:
            return any(pod.metadata.annotations.get(NAME) == name for pod in host_pods.store.values())

        twins.leader.wait_leading()
        killed = [await _gap(twins, virtual, on_host, f"killed-{number}", kill=True) for number in range(ROUNDS)]
        ended = [await _gap(twins, virtual, on_host, f"ended-{number}", kill=False) for number in range(ROUNDS)]
    return [
        Result("leader killed to the standby's first write, slowest", max(killed), at_most(15), unit="s"),
        Result("leader told to end to the standby's first write, slowest", max(ended), at_most(2), unit="s"),
    ]


async def _gap(twins: Twins, virtual: Client, on_host: Callable[[str], bool], name: str, *, kill: bool) -> float:
    leader = twins.leader
    await virtual.create(PODS, _pod(f"{name}-before"), NAMESPACE)
    await until(lambda: on_host(f"{name}-before"), "the leader to work")
    began = time.monotonic()
    await asyncio.to_thread(leader.kill if kill else leader.stop)
    await virtual.create(PODS, _pod(name), NAMESPACE)
    await until(lambda: on_host(name), "the standby to work")
    took = time.monotonic() - began
    await asyncio.to_thread(twins.swap)
    return took


def _pod(name: str) -> dict[str, object]:
    spec = {
        "nodeName": NODE,
        "automountServiceAccountToken": False,
        "containers": [{"name": "app", "image": "busybox"}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
