from dataclasses import replace

import pytest

from vk_provider.controller.problems import Problem
from vk_provider.controller.progress import Phase, Side, Sight, progress

WORKS = Side(works=True)
WAITS = Side(waits_for="Pod k3k-demo-server-0 has to start")
HINDERED = Side(problems=[Problem("Unschedulable", "Pod k3k-demo-server-0 is on no node", is_final=False)])
STUCK = Side(problems=[Problem("ImagePullFailed", "image rancher/k3s:v9: not found")])
READY = Sight(control_plane=WORKS, node=WORKS)


@pytest.mark.parametrize(
    ("sight", "phase", "ready", "reason", "message"),
    [
        pytest.param(READY, Phase.READY, True, "Provisioned", "the virtual cluster is ready", id="ready"),
        pytest.param(
            Sight(control_plane=WAITS, node=Side(waits_for="its API server has to answer first")),
            Phase.PROVISIONING,
            False,
            "Provisioning",
            "Pod k3k-demo-server-0 has to start",
            id="the first thing that is waited for",
        ),
        pytest.param(
            Sight(control_plane=WORKS, node=Side(waits_for="its node: it has not registered yet")),
            Phase.PROVISIONING,
            False,
            "Provisioning",
            "its node: it has not registered yet",
            id="no node yet",
        ),
        pytest.param(
            Sight(control_plane=HINDERED),
            Phase.PROVISIONING,
            False,
            "Provisioning",
            "Pod k3k-demo-server-0 is on no node",
            id="what may go away by itself is no failure",
        ),
        pytest.param(
            Sight(control_plane=STUCK),
            Phase.FAILED,
            False,
            "ProvisioningFailed",
            "image rancher/k3s:v9: not found",
            id="stuck",
        ),
        pytest.param(
            Sight(control_plane=WORKS, node=STUCK),
            Phase.FAILED,
            False,
            "ProvisioningFailed",
            "image rancher/k3s:v9: not found",
            id="its node is stuck",
        ),
        pytest.param(
            Sight(mistakes=["spec.servers: must be odd", "spec.mode: not yet"]),
            Phase.PENDING,
            False,
            "ValidationFailed",
            "spec.servers: must be odd; spec.mode: not yet",
            id="refused",
        ),
        pytest.param(
            Sight(missing=["spec.tokenSecretRef: there is no Secret x"]),
            Phase.PENDING,
            False,
            "ValidationFailed",
            "spec.tokenSecretRef: there is no Secret x",
            id="somebody has to make something",
        ),
        pytest.param(
            replace(READY, mistakes=["spec.version: v1.20.1-k3s1 is older"]),
            Phase.PENDING,
            True,
            "ValidationFailed",
            "the virtual cluster is ready, as it was before the last change: spec.version: v1.20.1-k3s1 is older",
            id="a change is refused, and what runs runs on",
        ),
        pytest.param(
            replace(READY, rollout="0 of 1 servers are as they are to be"),
            Phase.PROVISIONING,
            True,
            "Provisioned",
            "the virtual cluster is ready; 0 of 1 servers are as they are to be",
            id="a change is on its way, and what runs runs on",
        ),
        pytest.param(
            replace(READY, deleting=True),
            Phase.TERMINATING,
            False,
            "Terminating",
            "it is being deleted",
            id="being deleted",
        ),
        pytest.param(
            replace(READY, deleting=True, held_up="no right to delete pods"),
            Phase.TERMINATING,
            False,
            "Terminating",
            "it is being deleted, which is held up: no right to delete pods",
            id="held up while being deleted",
        ),
    ],
)
def test_phase_and_readiness(sight: Sight, phase: Phase, ready: bool, reason: str, message: str) -> None:
    made = progress(sight)
    last = made.conditions[-1]
    assert made.phase is phase
    assert (last.type, last.is_true, last.reason, last.message) == ("Ready", ready, reason, message)


def test_each_side_has_a_condition_of_its_own() -> None:
    conditions = progress(Sight(control_plane=WORKS, node=STUCK)).conditions
    assert [(each.type, each.is_true, each.reason) for each in conditions] == [
        ("Accepted", True, "Valid"),
        ("ControlPlaneAvailable", True, "Answering"),
        ("NodeReady", False, "ImagePullFailed"),
        ("Ready", False, "ProvisioningFailed"),
    ]


def test_a_side_that_works_has_no_problems_worth_telling() -> None:
    side = Side(works=True, problems=STUCK.problems)
    assert progress(Sight(control_plane=side, node=WORKS)).phase is Phase.READY


def test_what_several_pods_suffer_from_is_told_once() -> None:
    side = Side(problems=[*STUCK.problems, *STUCK.problems])
    assert progress(Sight(control_plane=side)).conditions[1].message == "image rancher/k3s:v9: not found"
