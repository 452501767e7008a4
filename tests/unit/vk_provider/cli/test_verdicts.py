from typing import Any

import pytest

from vk_provider.cli.verdicts import NOT_SEEN, Done, Stuck, Underway, Verdict, conditions_told, verdict


def cluster(phase: str | None = None, *, generation: int = 2, observed: int | None = 2, **ready: str) -> dict[str, Any]:
    status: dict[str, Any] = {} if phase is None else {"phase": phase}
    if observed is not None:
        status["observedGeneration"] = observed
    if ready:
        status["conditions"] = [{"type": "Ready", "status": "False", **ready}]
    return {"metadata": {"name": "demo", "generation": generation}, "status": status}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(cluster("Ready"), Done(), id="ready"),
        pytest.param(cluster("Ready", observed=None), Done(), id="ready, by K3k"),
        pytest.param(cluster(None, observed=None), Underway(NOT_SEEN), id="nobody has looked"),
        pytest.param(cluster("Unknown", observed=None), Underway(NOT_SEEN), id="K3k has not looked"),
        pytest.param(
            cluster("Ready", observed=1), Underway("the controller has not looked at the change yet"), id="ready before"
        ),
        pytest.param(cluster("Provisioning", message="waiting for x"), Underway("waiting for x"), id="on its way"),
        pytest.param(cluster("Provisioning"), Underway("Provisioning"), id="without a word"),
        pytest.param(cluster("Failed", message="no image"), Stuck("no image"), id="failed"),
        pytest.param(
            cluster("Failed", observed=None, message="dial"), Underway("dial"), id="K3k says failed while it tries"
        ),
        pytest.param(
            cluster("Pending", reason="ValidationFailed", message="spec.x: y"), Stuck("spec.x: y"), id="refused"
        ),
        pytest.param(
            cluster("Pending", observed=None, reason="Provisioning", message="z"), Underway("z"), id="pending, by K3k"
        ),
    ],
)
def test_verdict(body: dict[str, Any], expected: Verdict) -> None:
    assert verdict(body) == expected


def test_a_change_that_is_refused_is_stuck_although_it_works_as_it_was_before() -> None:
    body = cluster("Pending", message="as it was before")
    body["status"]["conditions"].append({"type": "Accepted", "status": "False", "message": "spec.x: y"})
    assert verdict(body) == Stuck("spec.x: y")


def test_what_is_being_deleted_does_not_become_ready() -> None:
    body = cluster("Ready")
    body["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert verdict(body) == Stuck("it is being deleted")


def test_conditions_are_told_with_what_there_is_to_say() -> None:
    conditions = [
        {"type": "Accepted", "status": "True", "reason": "Valid", "message": ""},
        {"type": "NodeReady", "status": "Unknown", "reason": "NotAsked"},
        {"type": "Ready", "status": "False", "reason": "Provisioning", "message": "the image is being pulled"},
    ]
    assert conditions_told({"status": {"conditions": conditions}}) == [
        ("Accepted", True, "Valid"),
        ("NodeReady", None, "NotAsked"),
        ("Ready", False, "the image is being pulled"),
    ]
