"""Many at once who follow one container's log, and many who execute something in twenty, in real containers.

A container's own runtime starts one command after the other, and takes the longer the more wait: hence twenty, and the
same directly on the host.
"""

import asyncio
import time
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import aiohttp
import psutil

from benchmarks.crowd import cpu_seconds
from benchmarks.report import Result
from benchmarks.streaming import first_byte, start_pods
from kube.connection import Access
from kube.credentials import load_kubeconfig
from sandbox.session import session
from tests.virtual_cluster import VirtualCluster, virtual_cluster

FOLLOWERS, EXECS = 100, 200
ROUNDS = 3
LINES = 20_000
LIMIT = 120.0
MIB = 1 << 20
POD = "audience"
CROWD = tuple(f"crowd-{number}" for number in range(20))
LAST = f"line of a log {LINES}\n".encode()
# It goes on once all followers are there, whose answers begin with the first word.
SCRIPT = (
    f"echo ready; until [ -e /tmp/begin ]; do sleep 0.1; done; seq {LINES} | sed 's/^/line of a log /'; sleep 100000"
)


def results() -> list[Result]:
    with TemporaryDirectory() as name, session(Path(name) / "sandbox") as sandbox:
        host, virtual = sandbox.host_cluster(), sandbox.api_server("virtual", controllers=True)
        with virtual_cluster(host, virtual, Path(name)) as cluster:
            start_pods(cluster.kubectl(), SCRIPT, POD)
            start_pods(cluster.kubectl(), "sleep 100000", *CROWD)
            return asyncio.run(_measure(cluster))


async def _measure(cluster: VirtualCluster) -> list[Result]:
    access = await (await load_kubeconfig(cluster.virtual.kubeconfig)).access()
    provider = psutil.Process(cluster.pid)
    limits = aiohttp.ClientTimeout(total=LIMIT)
    async with aiohttp.ClientSession(timeout=limits, connector=aiohttp.TCPConnector(limit=0)) as http:
        memory, cpu = provider.memory_info().rss, cpu_seconds(provider)
        seconds = await _follow(http, access, cluster)
        memory, cpu = provider.memory_info().rss - memory, cpu_seconds(provider) - cpu
        ours, direct = await _execs(http, access, cluster)
    return [
        Result(f"lines to {FOLLOWERS} followers, all together", FOLLOWERS * LINES / seconds, unit="lines/s"),
        Result("provider's CPU for them", cpu / (FOLLOWERS * LINES) * 1e6, unit="µs/line"),
        Result("provider's growth by them", memory / MIB, unit="MiB"),
        Result(f"{EXECS} execs at once, to first byte, p50", median(ours) * 1e3, unit="ms"),
        Result(f"{EXECS} execs at once, to first byte, p99", quantiles(ours, n=100)[-1] * 1e3, unit="ms"),
        Result(f"{EXECS} execs at once, to first byte, ours / direct", median(ours) / median(direct)),
    ]


async def _execs(
    http: aiohttp.ClientSession, access: Access, cluster: VirtualCluster
) -> tuple[list[float], list[float]]:
    """Seconds to the first byte of all execs of all rounds: through the virtual cluster, and directly."""
    direct = await (await load_kubeconfig(cluster.host.kubeconfig)).access()
    host_pods = [pod["metadata"]["name"] for pod in cluster.host_kubectl().get("pods")["items"]]
    ways = ((access, "default", CROWD), (direct, cluster.namespace, [name for name in host_pods if "crowd" in name]))
    waits: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for waited, (way, namespace, pods) in zip(waits, ways, strict=True):
            crowd = (pods[number % len(pods)] for number in range(EXECS))
            waited.extend(await asyncio.gather(*(first_byte(http, way, namespace, pod) for pod in crowd)))
    return waits


async def _follow(http: aiohttp.ClientSession, access: Access, cluster: VirtualCluster) -> float:
    """Return the seconds from the first line's release until every follower has the last."""
    listening = asyncio.Barrier(FOLLOWERS + 1)
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        for _ in range(FOLLOWERS):
            group.create_task(_read_to_the_end(http, access, listening))
        await listening.wait()
        began = time.monotonic()
        await asyncio.to_thread(cluster.kubectl(), "exec", POD, "--", "touch", "/tmp/begin")  # noqa: S108 - in the pod
    return time.monotonic() - began


async def _read_to_the_end(http: aiohttp.ClientSession, access: Access, listening: asyncio.Barrier) -> None:
    url = f"{access.server}/api/v1/namespaces/default/pods/{POD}/log?follow=true"
    async with http.get(url, ssl=access.tls or True) as answer:
        answer.raise_for_status()
        await listening.wait()
        tail = b""
        async for chunk in answer.content.iter_any():
            tail = (tail + chunk)[-len(LAST) :]
            if tail == LAST:
                return
    raise RuntimeError(f"a follower's log ended with {tail!r}")
