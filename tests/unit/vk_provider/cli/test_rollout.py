from typing import Any

import pytest

from vk_provider.cli.installing.rollout import is_established, missing_replicas, troubles


def deployment(**status: int) -> dict[str, Any]:
    return {"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, **status}}


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        pytest.param({"metadata": {"generation": 1}, "spec": {}}, "it has not been looked at yet", id="new"),
        pytest.param(deployment(observedGeneration=1), "it has not been looked at yet", id="changed"),
        pytest.param(deployment(), "0 of 2 are started", id="no pods"),
        pytest.param(deployment(updatedReplicas=2), "0 of 2 are ready", id="starting"),
        pytest.param(deployment(updatedReplicas=2, availableReplicas=1), "1 of 2 are ready", id="half"),
        pytest.param(
            deployment(updatedReplicas=2, availableReplicas=2, replicas=3), "old ones are still ending", id="old ones"
        ),
        pytest.param(deployment(updatedReplicas=2, availableReplicas=2, replicas=2), "", id="rolled out"),
    ],
)
def test_a_deployment_is_rolled_out_when_all_its_pods_are_new_and_ready(body: dict[str, Any], missing: str) -> None:
    assert missing_replicas(body) == missing


def test_a_kind_is_served_when_it_is_established() -> None:
    assert not is_established({})
    assert not is_established({"status": {"conditions": [{"type": "Established", "status": "False"}]}})
    assert is_established({"status": {"conditions": [{"type": "Established", "status": "True"}]}})


def test_each_trouble_is_told_once() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
    status = {"containerStatuses": [{"name": "controller", "image": "x", "state": waiting}]}
    pods = [{"metadata": {"name": "a"}, "status": status}, {"metadata": {"name": "a"}, "status": status}]
    [told] = troubles(pods)
    assert "not found" in told
