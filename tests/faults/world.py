"""Both sides at one moment, as the oracle looks at them. It shares no code with the product, on purpose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

Json = Mapping[str, Any]

CLUSTER = "k3k.io/cluster"
NAMESPACE_LABEL = "k3k.io/virtual-namespace"
ORIGIN_NAMESPACE, ORIGIN_NAME, ORIGIN_UID = "k3k.io/virtual-namespace", "k3k.io/virtual-name", "k3k.io/virtual-uid"
HOLDS = "k3k.io/holds"  # on Secrets of ours that no Secret of the tenant's is the origin of
PLANTED = "somebody-elses"  # the UID that planted objects claim to be copies of
SYNC_SOURCE = "k3k.io/sync-source"  # on virtual objects that the provider made


class Name(NamedTuple):
    """What tells a virtual object apart."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


@dataclass(frozen=True)
class World:
    cluster: str
    host_namespace: str
    node: str
    virtual: Mapping[str, Sequence[Json]]  # all objects, by kind
    host: Mapping[str, Sequence[Json]]  # those of all namespaces, too
    now: datetime
    expected: Mapping[Name, int] = field(default_factory=dict)  # the revision of each object that the tenant has
    taken: frozenset[str] = frozenset()  # UIDs of virtual pods whose host pods the harness took away
    planted: Sequence[Json] = ()  # objects of others on the host, as they were in the beginning

    def copies(self, kind: str) -> Iterator[tuple[Name, Json]]:
        """Host objects that say whose copies they are; not those that hold what has no original."""
        planted = {uid(each) for each in self.planted}
        for obj in self.host.get(kind, ()):
            if self.is_ours(obj) and uid(obj) not in planted and HOLDS not in labels(obj):
                yield origin(kind, obj), obj

    def is_ours(self, obj: Json) -> bool:
        return labels(obj).get(CLUSTER) == self.cluster and ORIGIN_UID in annotations(obj)

    def originals(self, kind: str) -> dict[Name, Json]:
        return {name_of(kind, obj): obj for obj in self.virtual.get(kind, ())}


def name_of(kind: str, obj: Json) -> Name:
    return Name(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def origin(kind: str, host: Json) -> Name:
    said = annotations(host)
    return Name(kind, said.get(ORIGIN_NAMESPACE, ""), said.get(ORIGIN_NAME, ""))


def labels(obj: Json) -> Json:
    found: Json = obj["metadata"].get("labels") or {}
    return found


def annotations(obj: Json) -> Json:
    found: Json = obj["metadata"].get("annotations") or {}
    return found


def uid(obj: Json) -> str:
    return str(obj["metadata"]["uid"])


def controller(obj: Json) -> Json | None:
    """Who made it, if a controller did."""
    owners: Sequence[Json] = obj["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), None)
