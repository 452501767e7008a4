"""`/metrics/resource`: what metrics-server scrapes. Pure.

It drops a pod of which it gets a container without processor time or memory, and a node likewise: so of a container
all is told or nothing.
"""

from collections.abc import Iterator

from node.kubelet.stats.families import Families
from node.kubelet.stats.summary import ContainerStats, Cpu, Memory, PodStats
from node.kubelet.stats.times import read_time

_CPU, _MEMORY = "cpu_usage_seconds_total", "memory_working_set_bytes"
_START = "container_start_time_seconds"
_ERROR = "resource_scrape_error"


def declare(families: Families) -> None:
    for what, of in {"container": "container", "pod": "pod", "node": "node"}.items():
        text = f"[STABLE] Cumulative cpu time consumed by the {of} in core-seconds"
        families.declare(f"{what}_{_CPU}", "counter", text)
        families.declare(f"{what}_{_MEMORY}", "gauge", f"[STABLE] Current working set of the {of} in bytes")
    families.declare(_START, "gauge", "[STABLE] Start time of the container since unix epoch in seconds")
    families.declare(_ERROR, "gauge", "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise")


def add_pod(families: Families, stats: PodStats) -> None:
    where = f'namespace="{stats.pod_ref.namespace}",pod="{stats.pod_ref.name}"'
    for container in stats.containers or ():
        _add_container(families, container, f'container="{container.name}",{where}')
    for family, sample in _usage("pod", where, stats.cpu, stats.memory):
        families.add(family, sample)


def add_node(families: Families, cpu: Cpu | None, memory: Memory | None) -> None:
    for family, sample in _usage("node", "", cpu, memory):
        families.add(family, sample)


def add_error(families: Families, *, is_one: bool) -> None:
    families.add(_ERROR, f"{_ERROR} {int(is_one)}")


def seconds(nanoseconds: int) -> str:
    return repr(nanoseconds / 1e9)


def milliseconds(time: str | None) -> int | None:
    read = read_time(time)
    return None if read is None else int(read.timestamp() * 1000)


def _add_container(families: Families, container: ContainerStats, labels: str) -> None:
    usage = list(_usage("container", labels, container.cpu, container.memory))
    for family, sample in usage:
        families.add(family, sample)
    began = read_time(container.start_time)
    if usage and began is not None:
        families.add(_START, f"{_START}{{{labels}}} {began.timestamp()!r}")


def _usage(of: str, labels: str, cpu: Cpu | None, memory: Memory | None) -> Iterator[tuple[str, str]]:
    """Both or none of them."""
    if cpu is None or memory is None or not cpu.usage_core_nano_seconds or not memory.working_set_bytes:
        return
    used_at, held_at = milliseconds(cpu.time), milliseconds(memory.time)
    if used_at is None or held_at is None:
        return
    labels = labels and f"{{{labels}}}"
    yield f"{of}_{_CPU}", f"{of}_{_CPU}{labels} {seconds(cpu.usage_core_nano_seconds)} {used_at}"
    yield f"{of}_{_MEMORY}", f"{of}_{_MEMORY}{labels} {memory.working_set_bytes} {held_at}"
