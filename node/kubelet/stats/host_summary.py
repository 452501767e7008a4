"""A host kubelet's summary as the tenant may see it: its own pods, containers and volumes, by its own names. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from node.kubelet.stats.summary import HostSummary, PodStats
from node.kubelet.stats.tenant_pods import TenantPod


def of_tenant(summary: HostSummary, pods: Iterable[TenantPod]) -> Iterator[PodStats]:
    """A former pod of the same name, or somebody else's, is known by its UID."""
    wanted = {(pod.host.namespace, pod.host.name, pod.host.uid): pod for pod in pods}
    for stats in summary.pods or ():
        pod = wanted.get((stats.pod_ref.namespace, stats.pod_ref.name, stats.pod_ref.uid))
        if pod is not None:
            yield _renamed(stats, pod)


def _renamed(stats: PodStats, pod: TenantPod) -> PodStats:
    return msgspec.structs.replace(
        stats,
        pod_ref=pod.reference,
        containers=[each for each in stats.containers or () if each.name in pod.host.containers],
        volume=None if stats.volume is None else list(_volumes(stats.volume, pod)),
    )


def _volumes(volumes: Iterable[Mapping[str, Any]], pod: TenantPod) -> Iterator[dict[str, Any]]:
    for volume in volumes:
        claim = pod.claims.get(str(volume.get("name")))
        if claim is None:  # the host's own, as for its service account
            continue
        told = {name: value for name, value in volume.items() if name != "pvcRef"}
        yield {**told, "pvcRef": {"name": claim, "namespace": pod.reference.namespace}} if claim else told
