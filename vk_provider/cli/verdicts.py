"""Whether a Cluster is what it should be, as far as its status tells: done, stuck, or on its way."""

from dataclasses import dataclass
from typing import Any

from vk_provider.cli.cluster_columns import part, phase
from vk_provider.cli.output import Json

NOT_SEEN = "no controller has looked at it yet"


@dataclass(frozen=True, slots=True)
class Done:
    """It is ready, and what is ready is what was asked for last."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """It will not go on until somebody does something."""

    why: str


@dataclass(frozen=True, slots=True)
class Underway:
    what: str


Verdict = Done | Stuck | Underway


def verdict(body: Json) -> Verdict:
    """Judge by the status, if it is about the newest spec.

    K3k writes no observedGeneration, and Failed also while it is still trying: there, only Ready is an end.
    """
    observed = part(body, "status", "observedGeneration")
    if observed is not None and observed < part(body, "metadata", "generation"):
        return Underway("the controller has not looked at the change yet")
    now = phase(body)
    if now == "Terminating":
        return Stuck("it is being deleted")
    if now == "Ready":
        return Done()
    message = _said(_condition(body, "Ready"))
    if observed and now == "Failed":
        return Stuck(message or now)
    if observed and now == "Pending":
        return Stuck(_said(_condition(body, "Accepted")) or message or now)
    return Underway(message or (NOT_SEEN if now == "Unknown" else now))


def conditions_told(body: Json) -> list[tuple[str, bool | None, str]]:
    """Return each condition: its type, whether it holds (None: not known), and what there is to say of it."""
    holds = {"True": True, "False": False}
    conditions = part(body, "status", "conditions") or []
    return [(str(each.get("type")), holds.get(str(each.get("status"))), _said(each)) for each in conditions]


def _said(condition: Json) -> str:
    return str(condition.get("message") or condition.get("reason") or "")


def _condition(body: Json, kind: str) -> dict[str, Any]:
    conditions = part(body, "status", "conditions") or []
    return next((each for each in conditions if each.get("type") == kind), {})
