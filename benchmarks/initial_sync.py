"""What the first sync of many pods takes, in a fresh process: its time, its memory, and how long nobody else ran."""

import asyncio
import ctypes
import gc
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil

from benchmarks.replay_server import PODS as COUNT
from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.informer import Informer
from kube.resources import PODS
from kube.store import Change

TICK = 0.001


class Sync(msgspec.Struct):
    seconds: float
    stall: float  # the longest time that the event loop served nobody else, in seconds
    grown: int  # resident memory, in bytes
    collection: float  # seconds that a full garbage collection takes afterwards


def measure_sync(kubeconfig: Path) -> Sync:
    command = [sys.executable, "-m", "benchmarks.initial_sync", str(kubeconfig)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return msgspec.json.decode(output.splitlines()[-1], type=Sync)


class Keys:
    """A handler that does what handlers do."""

    def __init__(self) -> None:
        self.changed: dict[tuple[str, str], None] = {}

    def on_change(self, change: Change) -> None:
        self.changed[change.key] = None


class Stalls:
    """Measures how late a task comes that wants to run each millisecond."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(TICK)
            self.longest = max(self.longest, time.perf_counter() - before - TICK)


async def _measure(kubeconfig: Path) -> Sync:
    before = _resident()
    credentials = await load_kubeconfig(kubeconfig)
    async with Client(credentials, user_agent="benchmark", field_manager="benchmark") as client:
        informer, stalls = Informer(client, PODS), Stalls()
        informer.add_handler(Keys())
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part.run()) for part in (stalls, informer)]
            await informer.wait_synced()
            seconds = time.perf_counter() - began
            await asyncio.sleep(10 * TICK)  # for the last stall to be seen
            for task in tasks:
                task.cancel()
        if len(informer.store) != COUNT:
            raise RuntimeError(f"{len(informer.store)} pods came instead of {COUNT}")
        grown = _resident() - before
        began = time.perf_counter()
        gc.collect()
        return Sync(seconds, stalls.longest, grown, time.perf_counter() - began)


def _resident() -> int:
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(_measure(Path(sys.argv[1])))).decode())
