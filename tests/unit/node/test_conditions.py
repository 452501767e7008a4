import pytest

from node.conditions import mirrored, verdicts
from node.host import HostState, Sight, read_host_node
from tests.unit.node.hosts import host_node, obj, visible

WELL, SICK = host_node("well"), host_node("sick", ready=False)
TIGHT = host_node("tight", pressures=["MemoryPressure"])
TROUBLE = "the host cluster's API does not answer"


@pytest.mark.parametrize(
    ("host", "status", "reason", "message"),
    [
        pytest.param(visible(WELL, SICK), "True", "KubeletReady", "1 of 2 host nodes are ready", id="one is enough"),
        pytest.param(visible(SICK), "False", "NoHostNodeReady", "0 of 1 host nodes are ready", id="none ready"),
        pytest.param(visible(), "False", "NoHostNode", "no node of the host cluster is selected", id="none at all"),
        pytest.param(visible(WELL, trouble=TROUBLE), "False", "HostUnreachable", TROUBLE, id="host API gone"),
        pytest.param(
            HostState(Sight.UNKNOWN),
            "False",
            "HostNodesUnknown",
            "the host cluster's nodes have not been listed yet",
            id="not looked yet",
        ),
        pytest.param(
            HostState(Sight.FORBIDDEN),
            "True",
            "KubeletReady",
            "the host cluster answers; its nodes may not be listed, so how much fits here is an assumption",
            id="nodes may not be listed",
        ),
    ],
)
def test_a_node_is_ready_if_the_host_can_run_pods(host: HostState, status: str, reason: str, message: str) -> None:
    verdict = verdicts(host)[-1]
    assert (verdict.type, verdict.status, verdict.reason, verdict.message) == ("Ready", status, reason, message)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param(visible(WELL, WELL), "False", id="nowhere"),
        pytest.param(visible(WELL, TIGHT), "False", id="somewhere"),
        pytest.param(visible(TIGHT, TIGHT), "True", id="everywhere"),
        pytest.param(visible(TIGHT, SICK), "True", id="everywhere where a pod could go"),
        pytest.param(visible(SICK), "False", id="no node to speak of"),
        pytest.param(HostState(Sight.FORBIDDEN), "False", id="out of sight"),
        pytest.param(visible(TIGHT, trouble=TROUBLE), "Unknown", id="host API gone"),
        pytest.param(HostState(Sight.UNKNOWN), "Unknown", id="not looked yet"),
    ],
)
def test_a_pressure_is_reported_when_the_next_pod_will_meet_it(host: HostState, status: str) -> None:
    assert {verdict.type: verdict.status for verdict in verdicts(host)}["MemoryPressure"] == status


def test_a_node_speaks_of_all_that_a_kubelet_speaks_of() -> None:
    kinds = [verdict.type for verdict in verdicts(visible(WELL))]
    assert kinds == ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "Ready"]


def test_a_mirrored_node_says_what_its_host_node_says() -> None:
    said = {verdict.type: (verdict.status, verdict.reason) for verdict in mirrored(TIGHT, visible(TIGHT))}
    assert said == {
        "MemoryPressure": ("True", "MemoryPressureOftight"),
        "DiskPressure": ("False", "DiskPressureOftight"),
        "PIDPressure": ("False", "PIDPressureOftight"),
        "Ready": ("True", "ReadyOftight"),
    }


def test_a_mirrored_node_is_not_ready_when_the_host_api_is_gone() -> None:
    said = {verdict.type: verdict.reason for verdict in mirrored(WELL, visible(WELL, trouble=TROUBLE))}
    assert said["Ready"] == "HostUnreachable"


def test_a_mirrored_node_always_says_whether_it_is_ready() -> None:
    new = read_host_node(obj({"metadata": {"name": "new"}}))
    assert [(verdict.type, verdict.status) for verdict in mirrored(new, visible(new))] == [("Ready", "Unknown")]
