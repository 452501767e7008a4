"""How far a Cluster is: its phase and conditions, made of all that is seen of it.

Promises: a pure function of what is seen; each condition that is not true says what is being waited for or what to do.

    phase         because
    Terminating   it is being deleted
    Pending       its spec is refused, or refers to something that somebody has to make
    Ready         its API server is ready, and so is its node, and both are what was asked for last
    Failed        something keeps it from getting there that will not go away by itself
    Provisioning  it is on its way
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from vk_provider.controller.problems import Problem


class Phase(StrEnum):
    PENDING = "Pending"
    PROVISIONING = "Provisioning"
    READY = "Ready"
    FAILED = "Failed"
    TERMINATING = "Terminating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    type: str
    is_true: bool
    reason: str
    message: str  # never empty: of custom resources, some API servers make null of that


@dataclass(frozen=True, slots=True)
class Side:
    """Servers or node: whether they work, what is in their way, and otherwise what they are waiting for."""

    works: bool = False
    problems: Sequence[Problem] = ()
    waits_for: str = "nothing is known yet"

    @property
    def is_stuck(self) -> bool:
        return not self.works and any(problem.is_final for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is seen of a Cluster."""

    deleting: bool = False
    held_up: str = ""  # by what
    mistakes: Sequence[str] = ()  # why the spec is refused
    missing: Sequence[str] = ()  # what the spec refers to and is not there
    control_plane: Side = Side()
    node: Side = Side()
    rollout: str = ""  # what of the last change is still to be done


@dataclass(frozen=True, slots=True)
class Progress:
    phase: Phase
    conditions: Sequence[Condition]


def progress(sight: Sight) -> Progress:
    accepted = _accepted(sight)
    control_plane = _condition(
        sight.control_plane, type="ControlPlaneAvailable", reason="Answering", message="the API server answers"
    )
    node = _condition(sight.node, type="NodeReady", reason="Ready", message="the virtual node is Ready")
    phase = _phase(sight)
    return Progress(phase, (accepted, control_plane, node, _ready(phase, sight, (accepted, control_plane, node))))


def _phase(sight: Sight) -> Phase:
    if sight.deleting:
        return Phase.TERMINATING
    if sight.mistakes or sight.missing:
        return Phase.PENDING
    if sight.control_plane.works and sight.node.works:
        return Phase.PROVISIONING if sight.rollout else Phase.READY
    return Phase.FAILED if sight.control_plane.is_stuck or sight.node.is_stuck else Phase.PROVISIONING


def _accepted(sight: Sight) -> Condition:
    if sight.mistakes:
        return Condition(type="Accepted", is_true=False, reason="ValidationFailed", message="; ".join(sight.mistakes))
    if sight.missing:
        return Condition(type="Accepted", is_true=False, reason="ReferenceMissing", message="; ".join(sight.missing))
    return Condition(type="Accepted", is_true=True, reason="Valid", message="the spec is valid")


def _condition(side: Side, *, type: str, reason: str, message: str) -> Condition:  # noqa: A002 - the field's name
    """Return the condition of one side; `reason` and `message` are for when it works."""
    if side.works:
        return Condition(type=type, is_true=True, reason=reason, message=message)
    if side.problems:
        return Condition(type=type, is_true=False, reason=side.problems[0].reason, message=_all(side.problems))
    return Condition(type=type, is_true=False, reason="Waiting", message=side.waits_for)


def _ready(phase: Phase, sight: Sight, others: Sequence[Condition]) -> Condition:
    if sight.deleting:
        message = f"it is being deleted, which is held up: {sight.held_up}" if sight.held_up else "it is being deleted"
        return Condition(type="Ready", is_true=False, reason="Terminating", message=message)
    missing = next((other for other in others if not other.is_true), None)
    if sight.control_plane.works and sight.node.works:
        works = "the virtual cluster is ready"
        if missing is not None:
            refused = f"{works}, as it was before the last change: {missing.message}"
            return Condition(type="Ready", is_true=True, reason="ValidationFailed", message=refused)
        message = f"{works}; {sight.rollout}" if sight.rollout else works
        return Condition(type="Ready", is_true=True, reason="Provisioned", message=message)
    reasons = {Phase.PENDING: "ValidationFailed", Phase.FAILED: "ProvisioningFailed"}
    message = "nothing is in its way" if missing is None else missing.message
    return Condition(type="Ready", is_true=False, reason=reasons.get(phase, "Provisioning"), message=message)


def _all(problems: Sequence[Problem]) -> str:
    return "; ".join(dict.fromkeys(problem.message for problem in problems))
