"""What a provider costs at rest, with thousands of pods, and when it starts anew beside them; as `provider_scale`.

The least that a pod's life takes is four writes: it is created on the host, said to be Running, deleted on the host,
and gone from the virtual cluster once that is done.
"""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.crowd import cpu_seconds
from benchmarks.pod_stage import Stage, simulated, stage_of
from benchmarks.report import Result, at_least, at_most
from tests.virtual_cluster import VirtualCluster

HALF = 5000
REST_SECONDS = 30
LEAST_WRITES = 4
MIB = 1 << 20


def results() -> list[Result]:
    with simulated() as cluster:
        return asyncio.run(_measure(cluster))


async def _measure(cluster: VirtualCluster) -> list[Result]:
    first, second = ([f"{half}-{number}" for number in range(HALF)] for half in ("first", "second"))
    async with stage_of(cluster) as stage:
        idle = await _rest(stage)
        cpu, writes = cpu_seconds(stage.provider), stage.writes()
        took = await stage.run(first)
        cpu, writes = cpu_seconds(stage.provider) - cpu, stage.writes() - writes
        again = await _restart(stage)
        await stage.run(second)
        full = stage.provider.memory_info().rss / MIB
        end_cpu, end_writes = cpu_seconds(stage.provider), stage.writes()
        await stage.delete_all([*first, *second])
        end_cpu, end_writes = cpu_seconds(stage.provider) - end_cpu, stage.writes() - end_writes
    a_pod_cpu, a_pod_writes = _per_pod(cpu, end_cpu), _per_pod(writes, end_writes)
    return [
        *idle,
        Result(f"{HALF} pods created and Running", HALF / took, at_least(100), "pods/s"),
        Result("provider's CPU from created to gone", a_pod_cpu * 1e3, at_most(2), "ms/pod"),
        Result("provider's writes from created to gone", a_pod_writes, at_most(LEAST_WRITES + 2), "/pod"),
        Result(f"provider's memory with {2 * HALF} pods", full, at_most(250), "MiB"),
        *again,
    ]


def _per_pod(half: float, whole: float) -> float:
    """Of what the creation of one half, and the end of both, took."""
    return half / HALF + whole / (2 * HALF)


async def _rest(stage: Stage) -> Sequence[Result]:
    cpu = cpu_seconds(stage.provider)
    await asyncio.sleep(REST_SECONDS)
    cpu = cpu_seconds(stage.provider) - cpu
    return [
        Result("provider's memory at rest", stage.provider.memory_info().rss / MIB, at_most(80), "MiB"),
        Result("provider's CPU at rest", cpu / REST_SECONDS * 100, at_most(1), "% of a core"),
    ]


async def _restart(stage: Stage) -> Sequence[Result]:
    """End it, start it, and count what both API servers tell of pods that it wrote to meanwhile."""
    seen = stage.on_virtual.changes + stage.on_host.changes
    await asyncio.to_thread(stage.cluster.stop)
    started = time.monotonic()
    await asyncio.to_thread(stage.cluster.start)
    took = time.monotonic() - started
    await asyncio.sleep(5)  # for writes that come late
    return [
        Result(f"restart to in sync with {HALF} pods", took, at_most(10), "s"),
        Result("changes of pods by it", stage.on_virtual.changes + stage.on_host.changes - seen, at_most(0), "writes"),
    ]
