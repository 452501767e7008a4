"""The pods of which usage is told: what the virtual cluster says about them, and where they run."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from kube.objects import Object
from node.kubelet.pod_directory import HostPod, PodDirectory
from node.kubelet.stats.summary import ContainerStats, PodReference, PodStats

_AT_ONCE = 100  # pods that are read without giving way: a few milliseconds


class _Claim(msgspec.Struct, rename="camel"):
    claim_name: str = ""


class _Volume(msgspec.Struct, rename="camel"):
    name: str
    persistent_volume_claim: _Claim | None = None
    ephemeral: dict[str, msgspec.Raw] | None = None


class _Spec(msgspec.Struct):
    volumes: list[_Volume] | None = None


class _Running(msgspec.Struct, rename="camel"):
    started_at: str | None = None


class _State(msgspec.Struct):
    running: _Running | None = None


class _ContainerStatus(msgspec.Struct):
    name: str = ""
    state: _State | None = None


class _Status(msgspec.Struct, rename="camel"):
    start_time: str | None = None
    init_container_statuses: list[_ContainerStatus] | None = None
    container_statuses: list[_ContainerStatus] | None = None
    ephemeral_container_statuses: list[_ContainerStatus] | None = None

    def started(self) -> dict[str, str | None]:
        """When each running container started."""
        kinds = (self.init_container_statuses, self.container_statuses, self.ephemeral_container_statuses)
        running = ((each.name, each.state.running) for kind in kinds for each in kind or () if each.state)
        return {name: state.started_at for name, state in running if state}


@dataclass(frozen=True, slots=True)
class TenantPod:
    reference: PodReference
    host: HostPod
    claims: Mapping[str, str]  # of each volume its claim, "" if it has none
    started: Mapping[str, str | None]  # the running containers, and since when each runs
    start_time: str | None = None

    def known(self) -> PodStats:
        """What can be told without asking the host."""
        containers = [ContainerStats(name, start_time=since) for name, since in self.started.items()]
        return PodStats(self.reference, self.start_time, containers)


async def tenant_pods(directory: PodDirectory) -> list[TenantPod]:
    """All that run on the host and have a running container."""
    found = []
    for number, pod in enumerate(directory.virtual_pods(), start=1):
        host = directory.host_pod(pod.namespace, pod.name, pod.uid)
        tenant_pod = None if host is None else read_tenant_pod(pod, host)
        if tenant_pod is not None:
            found.append(tenant_pod)
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return found


def read_tenant_pod(pod: Object, host: HostPod) -> TenantPod | None:
    """None if no container runs."""
    status = pod.decode("status", _Status) or _Status()
    started = status.started()
    if not started:
        return None
    volumes = (pod.decode("spec", _Spec) or _Spec()).volumes or ()
    claims = {volume.name: _claim(pod.name, volume) for volume in volumes}
    return TenantPod(PodReference(pod.name, pod.namespace, pod.uid), host, claims, started, status.start_time)


def _claim(pod: str, volume: _Volume) -> str:
    if volume.persistent_volume_claim is not None:
        return volume.persistent_volume_claim.claim_name
    return "" if volume.ephemeral is None else f"{pod}-{volume.name}"
