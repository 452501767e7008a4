"""What the tenant does, one thing after the other: decided by a seed alone, whatever becomes of it.

Promises: the same seed decides on the same actions in the same order; each makes sense after those before it; what is
to be there in the end is known without asking any server.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kube.objects import Key
from kube.resources import (
    CONFIG_MAPS,
    ENDPOINTS,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PRIORITY_CLASSES,
    SECRETS,
    SERVICES,
    STORAGE_CLASSES,
    Resource,
)
from tests.faults.kinds import CLAIMS_IN_USE, SLICES, Variant, name_of

LASTING_NAMESPACES = ("shop", "bank")


class Verb(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    DELETE_AT_ONCE = "delete at once"
    RECREATE = "recreate"
    EVICT = "evict"  # the tenant asks its API server to
    TAKE = "take from the host"  # somebody deletes the host pod
    FAIL = "fail on the host"  # the host's kubelet evicts it: the pod stays, and has Failed


_CHANGES = (Verb.UPDATE, Verb.UPDATE, Verb.DELETE, Verb.RECREATE)
_CHANGES_OF_PODS = (Verb.UPDATE, Verb.DELETE, Verb.DELETE, Verb.RECREATE, Verb.RECREATE)
_RARE_CHANGES_OF_PODS = (Verb.DELETE_AT_ONCE, Verb.EVICT, Verb.TAKE, Verb.FAIL)

# How many of a kind there may be in a namespace, and how often something happens to one of them.
_NUMBERS: Mapping[Resource, tuple[int, int]] = {
    PODS: (12, 12),
    CONFIG_MAPS: (4, 2),
    SECRETS: (4, 2),
    SERVICES: (6, 3),
    ENDPOINTS: (3, 1),
    SLICES: (3, 1),
    PERSISTENT_VOLUME_CLAIMS: (4, 1),
    INGRESSES: (3, 1),
    NETWORK_POLICIES: (3, 1),
    PRIORITY_CLASSES: (3, 1),
    STORAGE_CLASSES: (3, 1),
    NAMESPACES: (2, 1),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One name, and whatever bears it in the course of time."""

    resource: Resource
    key: Key

    def __str__(self) -> str:
        return f"{self.resource.kind} {self.key}"


_IN_USE = frozenset(
    Subject(PERSISTENT_VOLUME_CLAIMS, Key(namespace, name_of(PERSISTENT_VOLUME_CLAIMS, number)))
    for namespace in LASTING_NAMESPACES
    for number in range(CLAIMS_IN_USE)
)


@dataclass(frozen=True, slots=True)
class Action:
    verb: Verb
    subject: Subject
    variant: Variant

    def __str__(self) -> str:
        return f"{self.verb} {self.subject} (revision {self.variant.revision})"


@dataclass
class Churn:
    """An endless row of actions."""

    seed: int
    expected: dict[Subject, int] = field(default_factory=dict)  # the revision of what is to be there
    ruined: set[Subject] = field(default_factory=set)  # pods whose end on the host was brought about
    _count: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(f"churn {self.seed}")  # noqa: S311 - to be repeated, not to be secret

    def next(self) -> Action:
        self._count += 1
        subject = self._subject()
        variant = Variant(self._count, self._random.randrange(1000))
        verb = self._verb(subject)
        self._take_in(verb, subject)
        return Action(verb, subject, variant)

    def _subject(self) -> Subject:
        kinds = list(_NUMBERS)
        resource = self._random.choices(kinds, weights=[_NUMBERS[kind][1] for kind in kinds])[0]
        name = name_of(resource, self._random.randrange(_NUMBERS[resource][0]))
        namespace = self._random.choice(LASTING_NAMESPACES)
        return Subject(resource, Key(namespace if resource.namespaced else "", name))

    def _verb(self, subject: Subject) -> Verb:
        if subject not in self.expected:
            return Verb.CREATE
        if subject in _IN_USE:
            return Verb.UPDATE
        if subject.resource != PODS:
            return self._random.choice(_CHANGES)
        if subject in self.ruined:  # nothing more can become of it
            return Verb.RECREATE
        rare = self._random.random() < 0.2
        return self._random.choice(_RARE_CHANGES_OF_PODS if rare else _CHANGES_OF_PODS)

    def _take_in(self, verb: Verb, subject: Subject) -> None:
        self.ruined.discard(subject)
        match verb:
            case Verb.CREATE | Verb.UPDATE | Verb.RECREATE:
                self.expected[subject] = self._count
            case Verb.DELETE | Verb.DELETE_AT_ONCE | Verb.EVICT:
                del self.expected[subject]
            case Verb.TAKE | Verb.FAIL:
                self.ruined.add(subject)
