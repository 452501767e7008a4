from typing import Any

import pytest

from vk_provider.controller.rollout import provider_rollout, servers_rollout


def servers(*, generation: int = 2, **status: int) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "spec": {}, "status": {"observedGeneration": 2, **status}}


@pytest.mark.parametrize(
    ("seen", "wanted", "rest"),
    [
        pytest.param(None, 1, "its servers have to be made", id="none"),
        pytest.param(servers(replicas=1, updatedReplicas=1), 1, "", id="one, new"),
        pytest.param(
            servers(replicas=1, updatedReplicas=1, generation=3),
            1,
            "0 of 1 servers are as they are to be",
            id="the host has not looked yet",
        ),
        pytest.param(servers(replicas=1, updatedReplicas=0), 1, "0 of 1 servers are as they are to be", id="one, old"),
        pytest.param(
            servers(replicas=2, updatedReplicas=2, readyReplicas=1),
            3,
            "1 of 3 servers are as they are to be",
            id="more are to come",
        ),
        pytest.param(servers(replicas=3, updatedReplicas=3, readyReplicas=3), 3, "", id="three, ready"),
        pytest.param(
            servers(replicas=3, updatedReplicas=1, readyReplicas=2),
            3,
            "1 of 3 servers are as they are to be",
            id="one after the other",
        ),
        pytest.param(
            servers(replicas=2, updatedReplicas=2, readyReplicas=2),
            1,
            "there are 2 servers, of which 1 shall stay",
            id="fewer are to be",
        ),
    ],
)
def test_servers(seen: dict[str, Any] | None, wanted: int, rest: str) -> None:
    assert servers_rollout(seen, wanted) == rest


@pytest.mark.parametrize(
    ("generation", "status", "is_done"),
    [
        pytest.param(1, {"observedGeneration": 1, "updatedReplicas": 1}, True, id="first, whose node tells the rest"),
        pytest.param(2, {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1}, False, id="unseen"),
        pytest.param(2, {"observedGeneration": 2, "updatedReplicas": 1}, False, id="not ready yet"),
        pytest.param(2, {"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1}, True, id="replaced"),
    ],
)
def test_provider(generation: int, status: dict[str, int], is_done: bool) -> None:
    provider = {"metadata": {"generation": generation}, "spec": {"replicas": 1}, "status": status}
    assert (provider_rollout(provider) == "") is is_done
