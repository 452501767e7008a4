"""The words of `/stats/summary`, as far as anybody here reads them; the rest is passed on as it is."""

from collections.abc import Iterable
from typing import Any

import msgspec

Raw = msgspec.Raw | msgspec.UnsetType


class Cpu(msgspec.Struct, rename="camel", omit_defaults=True):
    time: str | None = None
    usage_nano_cores: int | None = None
    usage_core_nano_seconds: int | None = None  # since the container's start


class Memory(msgspec.Struct, rename="camel", omit_defaults=True):
    time: str | None = None
    available_bytes: int | None = None
    usage_bytes: int | None = None
    working_set_bytes: int | None = None
    rss_bytes: int | None = None
    page_faults: int | None = None
    major_page_faults: int | None = None


class ContainerStats(msgspec.Struct, rename="camel", omit_defaults=True):
    name: str
    start_time: str | None = None
    cpu: Cpu | None = None
    memory: Memory | None = None
    rootfs: Raw = msgspec.UNSET
    logs: Raw = msgspec.UNSET
    swap: Raw = msgspec.UNSET
    io: Raw = msgspec.UNSET


class PodReference(msgspec.Struct):
    name: str
    namespace: str
    uid: str


class PodStats(msgspec.Struct, rename="camel", omit_defaults=True):
    pod_ref: PodReference
    start_time: str | None = None
    containers: list[ContainerStats] | None = None
    cpu: Cpu | None = None
    memory: Memory | None = None
    network: Raw = msgspec.UNSET
    volume: list[dict[str, Any]] | None = None
    ephemeral_storage: Raw = msgspec.field(name="ephemeral-storage", default=msgspec.UNSET)
    process_stats: Raw = msgspec.field(name="process_stats", default=msgspec.UNSET)
    swap: Raw = msgspec.UNSET
    io: Raw = msgspec.UNSET


class NodeStats(msgspec.Struct, rename="camel", omit_defaults=True):
    node_name: str
    start_time: str | None = None
    cpu: Cpu | None = None
    memory: Memory | None = None


class Summary(msgspec.Struct):
    node: NodeStats
    pods: list[PodStats]


class HostSummary(msgspec.Struct):
    """A host kubelet's; of its node nothing is told, since the tenant shares it with others."""

    pods: list[PodStats] | None = None


_BARE = dict.fromkeys(("network", "ephemeral_storage", "process_stats", "swap", "io"), msgspec.UNSET)
_BARE_CONTAINER = dict.fromkeys(("rootfs", "logs", "swap", "io"), msgspec.UNSET)


def only_cpu_and_memory(stats: PodStats) -> PodStats:
    containers = [msgspec.structs.replace(each, **_BARE_CONTAINER) for each in stats.containers or ()]
    return msgspec.structs.replace(stats, containers=containers, volume=None, **_BARE)


def total_cpu(parts: Iterable[Cpu | None]) -> Cpu | None:
    """Of all that is known, at the latest time; None if nothing is."""
    known = [part for part in parts if part is not None and part.time]
    if not known:
        return None
    return Cpu(
        max(part.time or "" for part in known),
        sum(part.usage_nano_cores or 0 for part in known),
        sum(part.usage_core_nano_seconds or 0 for part in known),
    )


def total_memory(parts: Iterable[Memory | None]) -> Memory | None:
    """Of what everybody tells, which is what counts against limits."""
    known = [part for part in parts if part is not None and part.time]
    if not known:
        return None
    return Memory(
        max(part.time or "" for part in known), working_set_bytes=sum(part.working_set_bytes or 0 for part in known)
    )
