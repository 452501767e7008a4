"""What may have to be written next, as values: one place decides, another carries out.

Those of the host are about the host pod, those of the virtual cluster about the virtual pod. Every one that depends on
what was read has the UID of what was read, in its body or beside it: it must not strike what bears the name by then.
Patches of pods are strategic merges, those of other kinds JSON merge patches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reflectors.translation.allow_list import Lost
from reflectors.translation.json_values import Draft


@dataclass(frozen=True, slots=True)
class Create:
    body: Draft
    lost: Sequence[Lost] = ()  # what the tenant asked for and does not get: to be told when the pod is created
    otherwise: Sequence[Draft] = ()  # what to send instead, one after the other, if this is called invalid


@dataclass(frozen=True, slots=True)
class Patch:
    body: Draft  # metadata.uid is in it
    why: str
    subresource: str | None = None
    otherwise: Sequence[Draft] = ()  # as in Create


@dataclass(frozen=True, slots=True)
class Delete:
    uid: str
    grace_period_seconds: int
    why: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """No write helps: the tenant is told, by an event, and by `refused_status` if the pod does not run yet."""

    reason: str  # one word in CamelCase, as events and conditions have it
    message: str


@dataclass(frozen=True, slots=True)
class PatchStatus:
    body: Draft  # metadata.uid is in it
    why: str


@dataclass(frozen=True, slots=True)
class Finalize:
    """Delete the virtual pod with a grace period of 0: it was being deleted, and nothing of it is left on the host."""

    uid: str


@dataclass(frozen=True, slots=True)
class PatchVirtual:
    """Change a virtual object that is no pod, by a JSON merge patch."""

    body: Draft  # metadata.uid is in it
    why: str
    subresource: str | None = None
    otherwise: Sequence[Draft] = ()  # as in Create


HostWrite: TypeAlias = Create | Patch | Delete | Refuse
VirtualWrite: TypeAlias = PatchStatus | Finalize
