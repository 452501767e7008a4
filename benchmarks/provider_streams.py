"""exec, cp and logs through a virtual cluster, each against the same thing done directly on the host.

One pod in a real container; every figure is a ratio of medians of both ways taken in turns. Run as a program it takes
the size of the file that is copied, in MiB: `python -m benchmarks.provider_streams 64`.
"""

import asyncio
import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aiohttp
import psutil

from benchmarks.report import Result, at_least, at_most, print_results
from benchmarks.streaming import first_byte, start_pods
from kube.credentials import load_kubeconfig
from sandbox.session import session
from tests.kubectl import Kubectl
from tests.virtual_cluster import VirtualCluster, virtual_cluster

MIB = 1 << 20
COPIED_MIB = 1024
COPY_ROUNDS = 3
COPY_LIMIT = 600.0
EXEC_ROUNDS = 30
LOG_ROUNDS = 7
LOG_LINES = 120_000  # which a node keeps with 65 bytes each: less than the 10 MiB at which it begins a new file
POD = "streams"
SCRIPT = f"seq {LOG_LINES} | sed 's/^/line of a log /'; sleep 100000"


@dataclass
class Way:
    """One of the two ways to the container."""

    kubectl: Kubectl
    pod: str
    kubeconfig: Path
    exec_seconds: list[float] = field(default_factory=list)
    kubectl_exec_seconds: list[float] = field(default_factory=list)
    up: list[float] = field(default_factory=list)  # bytes/s
    down: list[float] = field(default_factory=list)
    lines: list[float] = field(default_factory=list)  # lines/s


def results(mib: int = COPIED_MIB) -> list[Result]:
    with TemporaryDirectory() as name, session(Path(name) / "sandbox") as sandbox:
        host, virtual = sandbox.host_cluster(), sandbox.api_server("virtual", controllers=True)
        with virtual_cluster(host, virtual, Path(name)) as cluster:
            ours, direct = _ways(cluster)
            return [
                *_exec(ours, direct),
                *_logs(ours, direct),
                *_copies(ours, direct, mib, Path(name), psutil.Process(cluster.pid)),
            ]


def _ways(cluster: VirtualCluster) -> tuple[Way, Way]:
    """Start the pod, and tell how to reach it through the virtual cluster and on the host."""
    virtual, host = cluster.kubectl(), cluster.host_kubectl()
    start_pods(virtual, SCRIPT, POD)
    (host_pod,) = host.get("pods")["items"]
    return (
        Way(virtual, POD, cluster.virtual.kubeconfig),
        Way(host, host_pod["metadata"]["name"], cluster.host.kubeconfig),
    )


def _exec(ours: Way, direct: Way) -> list[Result]:
    for _ in range(EXEC_ROUNDS):
        for way in (ours, direct):
            way.exec_seconds.append(asyncio.run(_first_byte(way)))
            began = time.perf_counter()
            way.kubectl("exec", way.pod, "--", "echo", "here")
            way.kubectl_exec_seconds.append(time.perf_counter() - began)
    return [
        Result("exec to first byte, ours / direct", _ratio(ours, direct, "exec_seconds"), at_most(1.5)),
        Result("exec to first byte, ours", median(ours.exec_seconds) * 1e3, unit="ms"),
        Result("kubectl exec, ours / direct", _ratio(ours, direct, "kubectl_exec_seconds"), at_most(1.5)),
    ]


async def _first_byte(way: Way) -> float:
    access = await (await load_kubeconfig(way.kubeconfig)).access()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        return await first_byte(http, access, way.kubectl.namespace, way.pod)


def _logs(ours: Way, direct: Way) -> list[Result]:
    for _ in range(LOG_ROUNDS):
        for way in (ours, direct):
            way.lines.append(_lines_per_second(way))
    return [
        Result("logs -f, lines/s, ours / direct", _ratio(ours, direct, "lines"), at_least(0.8)),
        Result("logs -f, ours", median(ours.lines), unit="lines/s"),
    ]


def _lines_per_second(way: Way) -> float:
    """From the first line to the last, so that the start of kubectl does not count."""
    with subprocess.Popen([*way.kubectl.command, "logs", "-f", way.pod], stdout=subprocess.PIPE) as following:
        try:
            output = iter(following.stdout or ())
            next(output)
            began = time.perf_counter()
            for _ in range(LOG_LINES - 1):
                next(output)
            return (LOG_LINES - 1) / (time.perf_counter() - began)
        finally:
            following.kill()


def _copies(ours: Way, direct: Way, mib: int, folder: Path, provider: psutil.Process) -> list[Result]:
    file, back = folder / "file", folder / "back"
    checksum = _write_noise(file, mib)
    with _peak_memory(provider) as grown:
        for _ in range(COPY_ROUNDS):
            for way in (ours, direct):
                way.up.append(mib * MIB / _copy(way, str(file), f"{way.pod}:/tmp/file"))
                way.down.append(mib * MIB / _copy(way, f"{way.pod}:/tmp/file", str(back)))
                if _checksum(back) != checksum:
                    raise RuntimeError(f"{back} came back with another checksum")
                back.unlink()
    return [
        Result(f"cp of {mib} MiB to the pod, bytes/s, ours / direct", _ratio(ours, direct, "up"), at_least(0.8)),
        Result(f"cp of {mib} MiB from the pod, bytes/s, ours / direct", _ratio(ours, direct, "down"), at_least(0.8)),
        Result("cp to the pod, ours", median(ours.up) / 1e6, unit="MB/s"),
        Result("cp from the pod, ours", median(ours.down) / 1e6, unit="MB/s"),
        Result("provider's growth meanwhile", grown() / MIB, at_most(32), "MiB"),
    ]


def _copy(way: Way, source: str, target: str) -> float:
    began = time.perf_counter()
    subprocess.run([*way.kubectl.command, "cp", source, target], check=True, capture_output=True, timeout=COPY_LIMIT)
    return time.perf_counter() - began


def _write_noise(file: Path, mib: int) -> str:
    with Path("/dev/urandom").open("rb") as noise, file.open("wb") as target:
        for _ in range(mib):
            target.write(noise.read(MIB))
    return _checksum(file)


def _checksum(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


@contextmanager
def _peak_memory(process: psutil.Process) -> Iterator[Callable[[], int]]:
    """Watch a process meanwhile; afterwards the given function tells by how many bytes it had grown at most."""
    before = peak = process.memory_info().rss
    ended = threading.Event()

    def look() -> None:
        nonlocal peak
        while not ended.wait(0.1):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield lambda: peak - before
    finally:
        ended.set()
        watcher.join()


def _ratio(ours: Way, direct: Way, figure: str) -> float:
    return float(median(getattr(ours, figure)) / median(getattr(direct, figure)))


if __name__ == "__main__":
    print_results("provider_streams", results(int(sys.argv[1])))
