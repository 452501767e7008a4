"""The answer of the host's metrics API as pods' stats of the tenant. Pure, but for the counters that it feeds."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from kube.quantities import UNIT, parse_quantity
from node.kubelet.stats.counters import Integrals
from node.kubelet.stats.summary import ContainerStats, Cpu, Memory, PodStats, total_cpu, total_memory
from node.kubelet.stats.tenant_pods import TenantPod
from node.kubelet.stats.times import read_duration, read_time


class _Container(msgspec.Struct):
    name: str
    usage: dict[str, str] = {}


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""


class _PodMetrics(msgspec.Struct):
    metadata: _Metadata = _Metadata()
    timestamp: str = ""
    window: str = ""
    containers: list[_Container] | None = None


class PodMetricsList(msgspec.Struct):
    items: list[_PodMetrics] | None = None


def of_tenant(metrics: PodMetricsList, pods: Iterable[TenantPod], integrals: Integrals) -> Iterator[PodStats]:
    """Of pods in one host namespace. What cannot be read is left out."""
    wanted = {pod.host.name: pod for pod in pods}
    for each in metrics.items or ():
        pod = wanted.get(each.metadata.name)
        at, window = read_time(each.timestamp), read_duration(each.window)
        if pod is not None and at is not None and not _is_of_predecessor(at, pod):
            yield _stats(each, pod, _Moment(at, window or timedelta(), integrals))


def _is_of_predecessor(at: datetime, pod: TenantPod) -> bool:
    """A pod that was made anew has the name of the one before it, and these answers know no UIDs."""
    began = read_time(pod.start_time)
    return began is not None and at < began


class _Moment:
    """When something was measured, and what was counted until then."""

    def __init__(self, at: datetime, window: timedelta, integrals: Integrals) -> None:
        self._at = at
        self._window = window
        self._integrals = integrals
        self.text = f"{at:%Y-%m-%dT%H:%M:%SZ}"

    def stats(self, container: _Container, pod: TenantPod) -> ContainerStats | None:
        try:
            nanocores = int(parse_quantity(container.usage["cpu"]))
            memory = int(parse_quantity(container.usage["memory"])) // UNIT
        except (KeyError, ValueError):
            return None
        key = (pod.reference.uid, container.name)
        counted = self._integrals.add(key, nanocores=nanocores, at=self._at, window=self._window)
        return ContainerStats(
            container.name,
            pod.started.get(container.name),
            Cpu(self.text, nanocores, counted),
            Memory(self.text, working_set_bytes=memory),
        )


def _stats(metrics: _PodMetrics, pod: TenantPod, moment: _Moment) -> PodStats:
    told = (each for each in metrics.containers or () if each.name in pod.host.containers)
    containers = [stats for each in told if (stats := moment.stats(each, pod)) is not None]
    cpu, memory = total_cpu(each.cpu for each in containers), total_memory(each.memory for each in containers)
    return PodStats(pod.reference, pod.start_time, containers, cpu, memory)
