"""What a pod has to wait for before it is created on the host: copies of what it refers to, and its tokens.

A kubelet that does not find them starts the pod late, and complains in events that the tenant could not understand:
in the virtual cluster all is there. What is not there either is no reason to wait: then the kubelet's complaint is
the right one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from kube.objects import Key
from reflectors.demand import Demand
from reflectors.translation.allow_list import Lost
from reflectors.translation.json_values import Json
from reflectors.translation.pod_spec import KIND
from reflectors.translation.references import Reference, references
from reflectors.translation.volumes import plain_spec

Wake = Callable[[Key], None]

PATIENCE = 5.0
PATIENCE_AT_START = 20.0  # which is what it may take to read all objects of a big cluster
_WITHHELD = "is not reflected here, by configuration or for want of rights"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a pod is not created on the host yet."""

    why: str
    patience: float  # seconds before its owner is told


class Dependencies(Protocol):
    """What the pod reflector asks."""

    def missing(self, virtual: Json) -> Missing | None:
        """Return what this virtual pod lacks on the host; None if it can be created there."""

    def withheld(self, virtual: Json) -> list[Lost]:
        """Return what this virtual pod refers to and will not find on the host, although it may be there virtually."""

    def add_handler(self, wake: Wake) -> None:
        """Have `wake` called with the key of each virtual pod for which `missing` may have become another."""


class Copies(Protocol):
    """The reflector of one kind."""

    @property
    def synced(self) -> bool: ...

    def lacks_copy(self, key: Key) -> bool: ...

    def withholds(self, key: Key) -> bool: ...

    def add_handler(self, handler: Wake) -> None: ...


class Tokens(Protocol):
    """The reflector of tokens."""

    @property
    def synced(self) -> bool: ...

    def lacks_tokens(self, virtual: Json) -> bool: ...

    def add_handler(self, handler: Wake) -> None: ...


class PodDependencies:
    def __init__(self, demand: Demand, copies: Mapping[str, Copies], tokens: Tokens) -> None:
        """`copies`: the reflectors of what pods refer to, by kind."""
        self._demand = demand
        self._copies = copies
        self._tokens = tokens

    def missing(self, virtual: Json) -> Missing | None:
        namespace = virtual["metadata"]["namespace"]
        for reference, copies in self._leant_on(virtual):
            if copies.lacks_copy(Key(namespace, reference.name)):
                why = f'{reference.field}: {reference.kind} "{reference.name}" is not on the host yet'
                return Missing(why, _patience(copies))
        if self._tokens.lacks_tokens(virtual):
            return Missing("spec.volumes: the service account tokens are not on the host yet", _patience(self._tokens))
        return None

    def withheld(self, virtual: Json) -> list[Lost]:
        namespace = virtual["metadata"]["namespace"]
        return [
            Lost(each.field, f'{each.kind} "{each.name}" {_WITHHELD}')
            for each, copies in self._leant_on(virtual)
            if copies.withholds(Key(namespace, each.name))
        ]

    def add_handler(self, wake: Wake) -> None:
        self._tokens.add_handler(wake)
        for kind, copies in self._copies.items():
            copies.add_handler(_of_askers(self._demand, kind, wake))

    def _leant_on(self, virtual: Json) -> Iterator[tuple[Reference, Copies]]:
        for reference in references(plain_spec(virtual)):
            copies = self._copies.get(reference.kind)
            if copies is not None:
                yield reference, copies


def _patience(reflector: Copies | Tokens) -> float:
    return PATIENCE if reflector.synced else PATIENCE_AT_START


def _of_askers(demand: Demand, kind: str, wake: Wake) -> Wake:
    def wake_askers(key: Key) -> None:
        for asker in demand.askers(kind, key, of=KIND):
            wake(asker)

    return wake_askers
