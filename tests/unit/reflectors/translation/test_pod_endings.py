from typing import Any

import pytest

from reflectors.translation.json_values import Json
from reflectors.translation.pod_endings import deleted_status, lost_status, refused_status
from reflectors.translation.writes import PatchStatus, Refuse
from tests.unit.reflectors.translation.pods import NOW, frozen, pod
from tests.unit.reflectors.translation.strategic_merge import merged
from tests.unit.reflectors.translation.test_container_statuses import DONE, RUNNING, status

LATER = "2026-11-22T11:00:00Z"
REFUSED = Refuse("Refused", "spec.hostPID: off here")


def after(virtual: Json, patch: PatchStatus | None) -> Any:
    return merged(virtual, patch.body if patch else {})["status"]


def test_a_pod_that_is_refused_stays_pending_and_says_why() -> None:
    assert after(pod(), refused_status(frozen(pod()), REFUSED, NOW)) == {
        "phase": "Pending",
        "reason": "Refused",
        "message": "spec.hostPID: off here",
        "conditions": [
            {
                "type": "k3k.io/Reflected",
                "status": "False",
                "reason": "Refused",
                "message": "spec.hostPID: off here",
                "lastTransitionTime": NOW,
            }
        ],
    }


def test_why_is_said_once() -> None:
    told = merged(pod(), _body(refused_status(pod(), REFUSED, NOW)))
    assert refused_status(told, REFUSED, LATER) is None


def test_another_reason_is_told_and_the_time_is_when_it_was_first_refused() -> None:
    told = merged(pod(), _body(refused_status(pod(), REFUSED, NOW)))
    (condition,) = after(told, refused_status(told, Refuse("Waiting", "for a Secret"), LATER))["conditions"]
    assert (condition["reason"], condition["message"]) == ("Waiting", "for a Secret")
    assert condition["lastTransitionTime"] == NOW


def _body(patch: PatchStatus | None) -> Json:
    assert patch is not None
    return patch.body


STARTED = pod(
    status={
        "phase": "Running",
        "startTime": NOW,
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}],
        "containerStatuses": [status()],
        "initContainerStatuses": [status("init", DONE)],
    }
)


def test_a_pod_whose_host_pod_somebody_deleted_has_failed_by_no_fault_of_its_own() -> None:
    lost = after(STARTED, lost_status(frozen(STARTED), LATER))
    assert (lost["phase"], lost["reason"]) == ("Failed", "HostPodDeleted")
    assert lost["message"] == "The host pod was deleted from outside the virtual cluster."
    assert {each["type"]: each["status"] for each in lost["conditions"]} == {
        "Ready": "False",
        "PodScheduled": "True",
        "DisruptionTarget": "True",
    }


def test_its_containers_are_killed_and_what_had_ended_before_stays() -> None:
    lost = after(STARTED, lost_status(STARTED, LATER))
    assert lost["initContainerStatuses"] == [status("init", DONE)]
    (web,) = lost["containerStatuses"]
    assert (web["ready"], web["started"], web["containerID"]) == (False, False, "containerd://1")
    assert web["state"] == {
        "terminated": {
            "exitCode": 137,
            "reason": "ContainerStatusUnknown",
            "message": "The host pod was deleted from outside the virtual cluster.",
            "startedAt": RUNNING["running"]["startedAt"],
            "finishedAt": LATER,
            "containerID": "containerd://1",
        }
    }


def test_a_pod_that_was_being_deleted_has_ended_without_any_disruption() -> None:
    ended = after(STARTED, deleted_status(STARTED, LATER))
    assert (ended["phase"], ended["reason"]) == ("Failed", "Deleted")
    assert "DisruptionTarget" not in {each["type"] for each in ended["conditions"]}


@pytest.mark.parametrize("ending", [lost_status, deleted_status])
def test_a_container_that_never_ran_has_ended_too(ending: Any) -> None:
    waiting = pod(status={"startTime": NOW, "containerStatuses": [{"name": "web", "state": {"waiting": {}}}]})
    (web,) = after(waiting, ending(waiting, LATER))["containerStatuses"]
    assert web["state"]["terminated"].keys() == {"exitCode", "reason", "message", "finishedAt"}
