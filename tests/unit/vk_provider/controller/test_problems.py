from typing import Any

import pytest

from vk_provider.controller.problems import (
    Problem,
    Told,
    claim_problems,
    deployment_problems,
    pod_problems,
    stateful_set_problems,
)

NAME = "k3k-demo-server-0"
QUOTA = (
    f'create Pod {NAME} in StatefulSet k3k-demo-server failed error: pods "{NAME}" is forbidden: exceeded quota: small'
)


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": NAME}, "status": status}


def container(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    waiting = {"reason": reason, "message": message}
    return {"name": "k3s", "image": "rancher/k3s:v9", "state": {"waiting": waiting}, **more}


RUNNING = {"name": "k3s", "state": {"running": {}}}


def ended(**how: Any) -> dict[str, Any]:
    return {"lastState": {"terminated": how}}


def unscheduled(message: str) -> dict[str, Any]:
    return pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}])


@pytest.mark.parametrize(
    ("seen", "problems"),
    [
        pytest.param(pod(phase="Running", containerStatuses=[RUNNING]), [], id="runs"),
        pytest.param(pod(phase="Pending", containerStatuses=[container("ContainerCreating")]), [], id="being made"),
        pytest.param(
            unscheduled("0/1 nodes are available: 1 Insufficient cpu."),
            [
                Problem(
                    "Unschedulable",
                    f"Pod {NAME} is on no node: 0/1 nodes are available: 1 Insufficient cpu.",
                    is_final=False,
                )
            ],
            id="unschedulable",
        ),
        pytest.param(
            pod(initContainerStatuses=[container("ImagePullBackOff", "Back-off pulling image")]),
            [
                Problem(
                    "ImagePullFailed",
                    f"Pod {NAME}: image rancher/k3s:v9: Back-off pulling image; "
                    "check spec.version, and the controller's image settings",
                )
            ],
            id="image",
        ),
        pytest.param(
            pod(containerStatuses=[container("CreateContainerConfigError", 'secret "x" not found')]),
            [Problem("ContainerRefused", f'Pod {NAME}, container k3s: secret "x" not found')],
            id="container refused",
        ),
        pytest.param(
            pod(containerStatuses=[container("CrashLoopBackOff", **ended(exitCode=1, message="a\nfatal: bad flag\n"))]),
            [Problem("Crashing", f"Pod {NAME}, container k3s keeps failing: exit code 1, fatal: bad flag")],
            id="crashes, with its last words",
        ),
        pytest.param(
            pod(containerStatuses=[container("CrashLoopBackOff", **ended(exitCode=137, reason="OOMKilled"))]),
            [
                Problem(
                    "Crashing",
                    f"Pod {NAME}, container k3s keeps failing: "
                    "it needs more memory than it may have; raise spec.serverResources",
                )
            ],
            id="out of memory",
        ),
        pytest.param(
            pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
            [Problem("PodFailed", f"Pod {NAME} failed: Evicted The node was low on resource: memory.")],
            id="evicted",
        ),
    ],
)
def test_what_keeps_a_pod_from_running(seen: dict[str, Any], problems: list[Problem]) -> None:
    assert list(pod_problems(seen)) == problems


def test_a_pod_that_goes_has_no_problems() -> None:
    leaving = pod(containerStatuses=[container("ImagePullBackOff")])
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert list(pod_problems(leaving)) == []


def test_a_mount_that_fails_is_told_as_long_as_a_container_waits_for_it() -> None:
    told = [Told("Pod", NAME, "FailedMount", "MountVolume.SetUp failed"), Told("Pod", "other", "FailedMount", "no")]
    waiting = pod(phase="Pending", containerStatuses=[container("ContainerCreating")])
    running = pod(phase="Running", containerStatuses=[RUNNING])
    problem = Problem("FailedMount", f"Pod {NAME}: MountVolume.SetUp failed", is_final=False)
    assert list(pod_problems(waiting, told)) == [problem]
    assert list(pod_problems(running, told)) == []


CLAIM = "varlibrancherk3s-k3k-demo-server-0"


@pytest.mark.parametrize(
    ("phase", "message", "problem"),
    [
        pytest.param("Bound", "old news", None, id="bound"),
        pytest.param("Pending", "", None, id="pending, and nobody says why"),
        pytest.param(
            "Pending",
            'storageclass.storage.k8s.io "fast" not found',
            f'PersistentVolumeClaim {CLAIM}: storageclass.storage.k8s.io "fast" not found; '
            "name a StorageClass of the host in spec.persistence.storageClassName",
            id="no such class",
        ),
        pytest.param(
            "Lost",
            "",
            f"PersistentVolumeClaim {CLAIM} has lost its volume: "
            "restore the volume, or delete the Cluster and create it anew: its data is gone",
            id="lost",
        ),
    ],
)
def test_what_is_wrong_with_a_claim(phase: str, message: str, problem: str | None) -> None:
    claim = {"metadata": {"name": CLAIM}, "status": {"phase": phase}}
    told = [Told("PersistentVolumeClaim", CLAIM, "ProvisioningFailed", message)] if message else []
    assert [each.message for each in claim_problems(claim, told)] == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("there", "reasons"), [pytest.param(0, ["QuotaExceeded"], id="refused"), pytest.param(1, [], id="made since")]
)
def test_what_keeps_a_stateful_set_from_making_pods(there: int, reasons: list[str]) -> None:
    servers = {"metadata": {"name": "k3k-demo-server"}, "spec": {"replicas": 1}, "status": {"replicas": there}}
    told = [Told("StatefulSet", "k3k-demo-server", "FailedCreate", QUOTA)]
    assert [each.reason for each in stateful_set_problems(servers, told)] == reasons


def test_what_keeps_a_deployment_from_making_pods() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "message": "violates PodSecurity"}
    deployment = {"metadata": {"name": "k3k-demo-provider"}, "status": {"conditions": [condition]}}
    assert list(deployment_problems(deployment)) == [
        Problem("PodsRefused", "the host refuses the pods: violates PodSecurity")
    ]


def test_what_fails_again_and_again_is_told_between_two_failures_too() -> None:
    failing = {"name": "k3s", "state": {"running": {}}, "restartCount": 2, "ready": False, **ended(exitCode=1)}
    (problem,) = pod_problems(pod(containerStatuses=[failing]))
    assert (problem.reason, problem.is_final) == ("Crashing", True)
    assert list(pod_problems(pod(containerStatuses=[failing | {"ready": True}]))) == []
    assert list(pod_problems(pod(containerStatuses=[failing | {"restartCount": 1}]))) == []
