"""What is known of the host cluster, as far as it decides what our Nodes say."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from kube.objects import Object
from node.capacity import Resources, read_resources


class Taint(msgspec.Struct, frozen=True, omit_defaults=True):
    key: str
    effect: str
    value: str = ""


class Address(msgspec.Struct, frozen=True):
    type: str
    address: str


class Condition(msgspec.Struct, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class HostNode:
    """Equal to its successor unless something changed that our Nodes show: heartbeats do not count."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    is_cordoned: bool
    is_leaving: bool
    addresses: tuple[Address, ...]
    conditions: Mapping[str, Condition]
    info: Mapping[str, str]
    capacity: Resources
    allocatable: Resources

    @property
    def is_ready(self) -> bool:
        return self.has("Ready") and not self.is_leaving

    @property
    def takes_pods(self) -> bool:
        return self.is_ready and not self.is_cordoned

    def has(self, condition: str) -> bool:
        found = self.conditions.get(condition)
        return found is not None and found.status == "True"


class Sight(Enum):
    """Whether the host nodes can be seen."""

    UNKNOWN = "unknown"  # not listed yet
    VISIBLE = "visible"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class HostState:
    sight: Sight
    nodes: tuple[HostNode, ...] = ()  # the selected ones, as last seen; in the order of their names
    quota: Resources | None = None  # the most that the host namespace may request; None while not known
    trouble: str = ""  # why nothing can be had from the host API; empty when it answers


class _Spec(msgspec.Struct):
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False


class _Status(msgspec.Struct, rename="camel", omit_defaults=True):
    capacity: dict[str, str] = {}
    allocatable: dict[str, str] = {}
    conditions: tuple[Condition, ...] = ()
    addresses: tuple[Address, ...] = ()
    node_info: dict[str, msgspec.Raw] = {}


class _QuotaSpec(msgspec.Struct, rename="camel"):
    hard: dict[str, str] = {}
    scopes: tuple[str, ...] = ()
    scope_selector: dict[str, Any] = {}


def read_host_node(node: Object) -> HostNode:
    spec, status = node.decode("spec", _Spec) or _Spec(), node.decode("status", _Status) or _Status()
    return HostNode(
        name=node.name,
        labels=node.metadata.labels,
        taints=spec.taints,
        is_cordoned=spec.unschedulable,
        is_leaving=node.metadata.deletion_timestamp is not None,
        addresses=status.addresses,
        conditions={condition.type: condition for condition in status.conditions},
        info={name: text for name, raw in status.node_info.items() if (text := _text(raw)) is not None},
        capacity=read_resources(status.capacity),
        allocatable=read_resources(status.allocatable or status.capacity),
    )


def without_what_nobody_reads(node: Object) -> Object:
    """Leave out all but what `read_host_node` reads: the list of images alone is most of a Node."""
    status = node.decode("status", _Status)
    kept = {} if status is None else {"status": msgspec.Raw(msgspec.json.encode(status))}
    spec = node.fields.get("spec")
    return msgspec.structs.replace(node, fields=kept if spec is None else {**kept, "spec": spec})


def read_quota(quota: Object) -> Mapping[str, str] | None:
    """What it allows in all; None if it counts only some pods, for then it says nothing about all of them."""
    spec = quota.decode("spec", _QuotaSpec) or _QuotaSpec()
    return None if spec.scopes or spec.scope_selector else spec.hard


def _text(raw: msgspec.Raw) -> str | None:
    value = msgspec.json.decode(raw)
    return value if isinstance(value, str) else None
