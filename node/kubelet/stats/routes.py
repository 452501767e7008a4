"""The routes that tell what the tenant's pods use."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec
from aiohttp import web

from kube.client import Client
from kube.clock import Clock
from node.kubelet.pod_directory import PodDirectory
from node.kubelet.requested_pod import query_of
from node.kubelet.stats import container_metrics, host_metrics, resource_metrics
from node.kubelet.stats.counters import Total
from node.kubelet.stats.families import CONTENT_TYPE, Families
from node.kubelet.stats.host_kubelets import HostKubelets
from node.kubelet.stats.summary import (
    Cpu,
    Memory,
    NodeStats,
    PodStats,
    Summary,
    only_cpu_and_memory,
    total_cpu,
    total_memory,
)
from node.kubelet.stats.tenant_pods import TenantPod, tenant_pods
from node.kubelet.stats.usage import HostUsage, Usage, nodes_of
from node.kubelet.streamed_answer import cut_up, one_by_one, streamed_answer

_AT_ONCE = 100  # pods that are worked on without giving way
_TRUE = ("1", "t", "T", "TRUE", "true", "True")


class Stats:
    def __init__(self, directory: PodDirectory, host: Client, clock: Clock, *, node: str) -> None:
        self._directory = directory
        self._node = node
        self._began = f"{clock.utcnow():%Y-%m-%dT%H:%M:%SZ}"
        self._kubelets = HostKubelets(host, clock)
        self._usage = HostUsage(host, self._kubelets, clock)
        self._total = Total()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/stats/summary", self.summary, allow_head=False),
            web.post("/stats/summary", self.summary),
            web.get("/metrics/resource", self.resource, allow_head=False),
            web.get("/metrics/cadvisor", self.cadvisor, allow_head=False),
            web.get("/metrics/probes", self.probes, allow_head=False),
        ]

    async def summary(self, request: web.Request) -> web.StreamResponse:
        is_whole = dict(query_of(request)).get("only_cpu_and_memory", "") not in _TRUE
        usage = await self._usage.of(await tenant_pods(self._directory), is_whole=is_whole)
        cpu, memory = self._of_node(usage.pods)
        pods = usage.pods if is_whole else [only_cpu_and_memory(each) for each in usage.pods]
        body = msgspec.json.encode(Summary(NodeStats(self._node, self._began, cpu, memory), list(pods)))
        pieces = one_by_one(cut_up(body))
        return await streamed_answer(request, pieces, content_type="application/json", headers=_warning(usage))

    async def resource(self, request: web.Request) -> web.StreamResponse:
        usage = await self._usage.of(await tenant_pods(self._directory), is_whole=False)
        families = Families()
        _remark(families, usage)
        resource_metrics.declare(families)
        async for stats in _unhurried(usage.pods):
            resource_metrics.add_pod(families, stats)
        resource_metrics.add_node(families, *self._of_node(usage.pods))
        resource_metrics.add_error(families, is_one=bool(usage.unknown))
        return await _answer(request, families)

    async def cadvisor(self, request: web.Request) -> web.StreamResponse:
        pods = await tenant_pods(self._directory)
        families = Families()
        left = await self._add_host_metrics(families, "metrics/cadvisor", pods)
        if left:
            usage = await self._usage.of(pods, is_whole=False)
            _remark(families, usage)
            container_metrics.declare(families)
            uids = {pod.reference.uid for pod in left}
            async for stats in _unhurried(each for each in usage.pods if each.pod_ref.uid in uids):
                container_metrics.add_pod(families, stats)
        return await _answer(request, families)

    async def probes(self, request: web.Request) -> web.StreamResponse:
        pods = await tenant_pods(self._directory)
        families = Families()
        left = await self._add_host_metrics(families, "metrics/probes", pods)
        if left:
            families.remark(f"the host does not tell of the probes of {len(left)} of {len(pods)} pods")
        return await _answer(request, families)

    async def _add_host_metrics(self, families: Families, path: str, pods: Sequence[TenantPod]) -> Sequence[TenantPod]:
        """Add what host kubelets tell of the pods; returns those on nodes that tell nothing."""
        by_host_name = host_metrics.by_host_name(pods)
        answers = await self._kubelets.ask(nodes_of(pods), path)
        for answer in answers.values():
            host_metrics.add_of_tenant(families, answer.decode(errors="replace"), by_host_name)
            await asyncio.sleep(0)
        return [pod for pod in pods if pod.host.node not in answers]

    def _of_node(self, pods: Sequence[PodStats]) -> tuple[Cpu | None, Memory | None]:
        """What all pods use together: of the host's nodes the tenant is told nothing. The time used only grows."""
        cpu, memory = total_cpu(each.cpu for each in pods), total_memory(each.memory for each in pods)
        used = {
            (each.pod_ref.uid, ""): each.cpu.usage_core_nano_seconds
            for each in pods
            if each.cpu is not None and each.cpu.usage_core_nano_seconds is not None
        }
        total = self._total.add(used, pods=[each.pod_ref.uid for each in pods])
        return None if cpu is None else msgspec.structs.replace(cpu, usage_core_nano_seconds=total), memory


async def _answer(request: web.Request, families: Families) -> web.StreamResponse:
    return await streamed_answer(request, one_by_one(families.text()), content_type=CONTENT_TYPE)


async def _unhurried(pods: Iterable[PodStats]) -> AsyncIterator[PodStats]:
    for number, pod in enumerate(pods, start=1):
        yield pod
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)


def _remark(families: Families, usage: Usage) -> None:
    if usage.shortcoming:
        families.remark(usage.shortcoming)


def _warning(usage: Usage) -> dict[str, str]:
    """JSON has no place for remarks; kubectl shows warnings."""
    return {"Warning": f'299 - "{usage.shortcoming}"'} if usage.shortcoming else {}
