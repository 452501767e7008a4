"""Pods by the thousand through the provider: two API servers, a simulated kubelet on the host, and no container.

The pods are bound to the virtual node from the start, and bound on the host by this program: no scheduler has a share
in the figures. A lag is counted from when this program's watch of one side tells of a change to when its watch of the
other side tells what the provider made of it.
"""

import asyncio
import time

from benchmarks.crowd import cpu_seconds, lags, percentiles
from benchmarks.pod_stage import Stage, create, simulated, stage_of, until_all_in
from benchmarks.report import Result, at_least, at_most
from tests.virtual_cluster import VirtualCluster

PODS_IN_ALL = 2000
STEADY_PODS = 1000
STEADY_RATE = 50  # pods/s


def results() -> list[Result]:
    with simulated() as cluster:
        return asyncio.run(_measure(cluster))


async def _measure(cluster: VirtualCluster) -> list[Result]:
    async with stage_of(cluster) as stage:
        return [*await _steady(stage), *await _crowd(stage)]


async def _steady(stage: Stage) -> list[Result]:
    """Create pods at a steady rate that leaves the machine time to breathe."""
    names = [f"steady-{number}" for number in range(STEADY_PODS)]
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(names):
            await asyncio.sleep(max(0.0, started + number / STEADY_RATE - time.monotonic()))
            group.create_task(create(stage.virtual, name))
    await until_all_in(stage.on_virtual.running, names, "Running")
    await stage.delete_all(names)
    down = lags(names, stage.on_virtual.created, stage.on_host.created)
    up = lags(names, stage.on_host.running, stage.on_virtual.running)
    return [
        *percentiles(f"created to created on the host at {STEADY_RATE} pods/s", down),
        *percentiles(f"Running on the host to Running at {STEADY_RATE} pods/s", up),
    ]


async def _crowd(stage: Stage) -> list[Result]:
    """Create and delete as many pods as fast as all involved can."""
    names = [f"crowd-{number}" for number in range(PODS_IN_ALL)]
    cpu = cpu_seconds(stage.provider)
    created, deleted = await stage.run(names), await stage.delete_all(names)
    cpu = cpu_seconds(stage.provider) - cpu
    return [
        Result(f"{PODS_IN_ALL} pods created and Running", PODS_IN_ALL / created, at_least(100), "pods/s"),
        Result(f"{PODS_IN_ALL} pods deleted and gone", PODS_IN_ALL / deleted, unit="pods/s"),
        Result("provider's CPU from created to gone", cpu / PODS_IN_ALL * 1e3, at_most(2), "ms/pod"),
    ]
