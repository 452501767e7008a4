"""`/metrics/cadvisor` where no host kubelet may be asked: the few of its metrics that are known all the same. Pure."""

from node.kubelet.stats.families import Families
from node.kubelet.stats.resource_metrics import milliseconds, seconds
from node.kubelet.stats.summary import PodStats
from node.kubelet.stats.times import read_time

_CPU, _MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
_START = "container_start_time_seconds"


def declare(families: Families) -> None:
    families.declare(_CPU, "counter", "Cumulative cpu time consumed in seconds.")
    families.declare(_MEMORY, "gauge", "Current working set in bytes.")
    families.declare(_START, "gauge", "Start time of the container since unix epoch in seconds.")


def add_pod(families: Families, stats: PodStats) -> None:
    for container in stats.containers or ():
        named = f'container="{container.name}"'
        where = f'id="",image="",name="",namespace="{stats.pod_ref.namespace}",pod="{stats.pod_ref.name}"'
        cpu, memory, began = container.cpu, container.memory, read_time(container.start_time)
        if cpu is not None and cpu.usage_core_nano_seconds and (at := milliseconds(cpu.time)):
            used = seconds(cpu.usage_core_nano_seconds)
            families.add(_CPU, f'{_CPU}{{{named},cpu="total",{where}}} {used} {at}')
        if memory is not None and memory.working_set_bytes and (at := milliseconds(memory.time)):
            families.add(_MEMORY, f"{_MEMORY}{{{named},{where}}} {memory.working_set_bytes} {at}")
        if began is not None:
            families.add(_START, f"{_START}{{{named},{where}}} {began.timestamp()!r}")
