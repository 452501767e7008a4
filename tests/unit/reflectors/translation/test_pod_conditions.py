import pytest

from reflectors.translation.json_values import Json
from reflectors.translation.pod_conditions import condition_patch, gates, is_reflected
from tests.unit.reflectors.translation.pods import pod

GATED = pod({"readinessGates": [{"conditionType": "example.com/lb"}, {"conditionType": "Warm"}]})


def test_the_tenants_gates_are_those_of_its_spec() -> None:
    assert gates(GATED) == {"example.com/lb", "Warm"}
    assert gates(pod()) == set()


def test_a_condition_of_kubernetes_is_nobodys_gate() -> None:
    assert gates(pod({"readinessGates": [{"conditionType": "Ready"}, {"conditionType": "PodScheduled"}]})) == set()


@pytest.mark.parametrize(
    ("condition", "reflected"),
    [
        pytest.param("Ready", True, id="of the kubelet"),
        pytest.param("PodScheduled", True, id="of the scheduler"),
        pytest.param("FromTheFuture", True, id="of a Kubernetes to come"),
        pytest.param("Warm", False, id="the tenant's gate"),
        pytest.param("example.com/lb", False, id="the tenant's gate, with a domain"),
        pytest.param("cloud.example/attached", False, id="of a controller on the host"),
    ],
)
def test_conditions_of_kubernetes_come_up_and_no_others(condition: str, reflected: bool) -> None:
    assert is_reflected(condition, GATED) is reflected


TRUE = {"type": "A", "status": "True"}


@pytest.mark.parametrize(
    ("wanted", "current", "patch"),
    [
        pytest.param(TRUE, TRUE, None, id="the same"),
        pytest.param(TRUE, TRUE | {"lastProbeTime": None}, None, id="the same, with a null"),
        pytest.param(None, None, None, id="neither"),
        pytest.param(TRUE, None, TRUE, id="new"),
        pytest.param(None, TRUE, {"type": "A", "$patch": "delete"}, id="over"),
        pytest.param(
            TRUE,
            {"type": "A", "status": "False", "message": "m"},
            {"type": "A", "status": "True", "message": None},
            id="changed, with something to take away",
        ),
    ],
)
def test_a_condition_is_patched_as_a_whole(wanted: Json | None, current: Json | None, patch: Json | None) -> None:
    assert condition_patch(wanted, current) == patch
