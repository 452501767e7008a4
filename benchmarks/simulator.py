"""How fast simulated pods come and go, and how much of that is the simulator's own doing.

A creator with nothing on top makes pods that are bound already; the rest is API server and simulator. The ceiling is
what the simulator could do with a core of its own and an endlessly fast API server: below it, it is not the bottleneck.
"""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.crowd import LIMIT, at_once, cpu_seconds, simulator, until, watched
from benchmarks.report import Result, at_most
from kube.client import Client, PatchType
from kube.credentials import load_kubeconfig
from kube.resources import NODES, PODS
from sandbox.session import session
from sandbox.simulated_pod import PodStatus

PODS_IN_ALL = 2000
NODES_IN_ALL = 20
PATCHES = 500
NAMESPACE = "default"
PHASE = "phase"


def results() -> list[Result]:
    with TemporaryDirectory() as folder, session(Path(folder)) as sandbox:
        server = sandbox.api_server("simulated")
        with simulator(server.kubeconfig, nodes=NODES_IN_ALL) as player:
            return asyncio.run(_measure(server.kubeconfig, player))


async def _measure(kubeconfig: Path, player: psutil.Process) -> list[Result]:
    credentials = await load_kubeconfig(kubeconfig)
    async with Client(credentials, user_agent="benchmark", field_manager="benchmark") as client:
        per_patch = await _cpu_of_bare_patch(client)
        async with watched(client, NODES) as nodes:
            await until(lambda: len(nodes.store) > NODES_IN_ALL, "all nodes to be there")  # and the patched one
        async with watched(client, PODS) as pods:
            pods.store.add_index(PHASE, lambda pod: [(pod.decode("status", PodStatus) or PodStatus()).phase])
            started, cpu = time.monotonic(), cpu_seconds(player)
            await at_once(_create(client, number) for number in range(PODS_IN_ALL))
            created = time.monotonic()
            await until(lambda: len(pods.store.by_index(PHASE, "Running")) == PODS_IN_ALL, "all pods to be Running")
            running, per_pod = time.monotonic(), (cpu_seconds(player) - cpu) / PODS_IN_ALL
            await client.request("DELETE", PODS.path(NAMESPACE), timeout=LIMIT)
            await until(lambda: not pods.store.values(), "all pods to be gone")
            gone = time.monotonic()
    return [
        Result("created", PODS_IN_ALL / (created - started), unit="pods/s"),
        Result("created and Running", PODS_IN_ALL / (running - started), unit="pods/s"),
        Result("deleted and gone", PODS_IN_ALL / (gone - running), unit="pods/s"),
        Result("simulator's CPU from bound to Running", per_pod * 1e3, unit="ms/pod"),
        Result("the same, in bare status PATCHes", per_pod / per_patch, at_most(2.5)),
        Result("simulator's own ceiling, on one core", 1 / per_pod, unit="pods/s"),
        Result("simulator's memory", player.memory_info().rss / 2**20, unit="MiB"),
    ]


async def _cpu_of_bare_patch(client: Client) -> float:
    """The least that one pod can cost: a status PATCH by the same client and nothing else."""
    node = {"metadata": {"name": "patched"}}
    await client.create(NODES, node)
    began = time.process_time()
    await at_once(_patch(client, number) for number in range(PATCHES))
    return (time.process_time() - began) / PATCHES


async def _patch(client: Client, number: int) -> None:
    condition = {"type": "Ready", "status": "True", "message": str(number)}
    body = {"status": {"conditions": [condition]}}
    await client.patch(NODES, "patched", body, patch_type=PatchType.STRATEGIC, subresource="status")


async def _create(client: Client, number: int) -> None:
    await client.create(PODS, _pod(number))


def _pod(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{number}", "namespace": NAMESPACE, "labels": {"app": "benchmark"}},
        "spec": {
            "nodeName": f"simulated-{number % NODES_IN_ALL}",
            "automountServiceAccountToken": False,
            "containers": [{"name": "app", "image": "sandbox.local/pause:1"}],
        },
    }
