"""What each of the tenant's pods uses: by the host's kubelets if they may be asked, else by the host's metrics API.

Where neither answers, what is known without them is told, and that this is all. Answers are kept for a few seconds,
since several routes are scraped at the same time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from kube.client import Client
from kube.clock import Clock
from kube.errors import ApiError, Forbidden, NotFound
from kube.resources import Resource
from node.kubelet.remembered import Answer, Remembered
from node.kubelet.stats import host_summary, metrics_api
from node.kubelet.stats.counters import Integrals
from node.kubelet.stats.host_kubelets import ANSWER_LIMIT, HostKubelets
from node.kubelet.stats.metrics_api import PodMetricsList
from node.kubelet.stats.summary import HostSummary, PodStats
from node.kubelet.stats.tenant_pods import TenantPod

POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics")
FRESH_SECONDS = 5.0
NO_METRICS_SECONDS = 60.0  # until a metrics API that was not there, or not for us, is tried again
REMEDY = "let the provider list pods.metrics.k8s.io in its host namespace, or nodes/proxy of the host's nodes"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Usage:
    pods: Sequence[PodStats]
    unknown: int = 0  # pods of which nobody tells what they use

    @property
    def shortcoming(self) -> str:
        """For people; empty if there is none."""
        return f"the host does not tell what {self.unknown} of {len(self.pods)} pods use" if self.unknown else ""


class HostUsage:
    def __init__(self, host: Client, kubelets: HostKubelets, clock: Clock) -> None:
        self._host = host
        self._kubelets = kubelets
        self._clock = clock
        self._integrals = Integrals()
        self._no_metrics_until = clock.now()
        self._kept: Remembered[bool, Usage] = Remembered(clock, limit=2, at_once=2)
        self._told = ""

    async def of(self, pods: Sequence[TenantPod], *, is_whole: bool) -> Usage:
        """Processor time and memory; with `is_whole` also disks, networks and the like."""

        async def ask() -> Answer[Usage]:
            return Answer(await self._read(pods, is_whole=is_whole), FRESH_SECONDS)

        return await self._kept.get(is_whole, ask)

    async def _read(self, pods: Sequence[TenantPod], *, is_whole: bool) -> Usage:
        found, left = await self._ask_kubelets(pods, is_whole=is_whole)
        more = await self._ask_metrics_api(left) if left else []
        stats = {each.pod_ref.uid: each for each in (*found, *more)}
        asked_in_vain = {pod.reference.uid for pod in left} - stats.keys()
        self._integrals.forget_all_but(pod.reference.uid for pod in pods)
        usage = Usage([stats.get(pod.reference.uid) or pod.known() for pod in pods], len(asked_in_vain))
        self._tell(usage.shortcoming)
        return usage

    async def _ask_kubelets(
        self, pods: Sequence[TenantPod], *, is_whole: bool
    ) -> tuple[list[PodStats], Sequence[TenantPod]]:
        """What they tell, and the pods on nodes that tell nothing."""
        of_node = defaultdict(list)
        for pod in pods:
            of_node[pod.host.node].append(pod)
        query = () if is_whole else (("only_cpu_and_memory", "true"),)
        answers = await self._kubelets.ask(of_node, "stats/summary", query)
        summaries = {node: summary for node, answer in answers.items() if (summary := _summary(node, answer))}
        found = [each for node, summary in summaries.items() for each in host_summary.of_tenant(summary, of_node[node])]
        return found, [pod for pod in pods if pod.host.node not in summaries]

    async def _ask_metrics_api(self, pods: Sequence[TenantPod]) -> list[PodStats]:
        found: list[PodStats] = []
        for namespace in {pod.host.namespace for pod in pods}:
            there = [pod for pod in pods if pod.host.namespace == namespace]
            found += metrics_api.of_tenant(await self._pod_metrics(namespace), there, self._integrals)
        return found

    async def _pod_metrics(self, namespace: str) -> PodMetricsList:
        if self._clock.now() < self._no_metrics_until:
            return PodMetricsList()
        try:
            answer = await self._host.request("GET", POD_METRICS.path(namespace), timeout=ANSWER_LIMIT)
            return msgspec.json.decode(answer, type=PodMetricsList)
        except (Forbidden, NotFound):
            self._no_metrics_until = self._clock.now() + NO_METRICS_SECONDS
        except (ApiError, msgspec.MsgspecError) as error:
            log.warning("host metrics not read", error=str(error))
        return PodMetricsList()

    def _tell(self, shortcoming: str) -> None:
        """Once, and again when it is over."""
        if bool(shortcoming) != bool(self._told):
            if shortcoming:
                log.warning("usage of pods not known", shortcoming=shortcoming, remedy=REMEDY)
            else:
                log.info("usage of all pods known")
        self._told = shortcoming


def nodes_of(pods: Iterable[TenantPod]) -> set[str]:
    return {pod.host.node for pod in pods}


def _summary(node: str, answer: bytes) -> HostSummary | None:
    try:
        return msgspec.json.decode(answer, type=HostSummary)
    except msgspec.MsgspecError as error:
        log.warning("host kubelet not understood", node=node, error=str(error))
        return None
