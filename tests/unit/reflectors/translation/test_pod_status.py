from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.container_statuses import FIELDS as CONTAINER_STATUSES
from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.pod_status import COMPUTED, COPIED, LEFT_OUT, status_patch
from tests.unit.reflectors.translation.api_models import fields
from tests.unit.reflectors.translation.pods import CONTEXT, V1_20, container, frozen, host_pod_of, in_version, pod
from tests.unit.reflectors.translation.strategic_merge import merged
from tests.unit.reflectors.translation.test_container_statuses import RUNNING, status

GATED = {"readinessGates": [{"conditionType": "example.com/lb"}]}
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-22T10:00:00Z"}


def patched(of_host: Json, of_virtual: Json | None = None, spec: Json | None = None, context: Context = CONTEXT) -> Any:
    """What is written into the virtual pod's status; None if nothing."""
    virtual = pod(spec, status=of_virtual)
    patch = status_patch(virtual, host_pod_of(virtual, status=of_host), context, in_line=True)
    if patch is None:
        return None
    assert patch["metadata"] == {"uid": "v1"}
    return patch["status"]


@pytest.mark.parametrize(
    ("of_host", "written"),
    [
        pytest.param({"phase": "Running"}, {"phase": "Running"}, id="phase"),
        pytest.param(
            {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."},
            {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."},
            id="evicted by the host's kubelet",
        ),
        pytest.param(
            {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]},
            {"podIP": "10.0.0.1", "podIPs": [{"$patch": "replace"}, {"ip": "10.0.0.1"}, {"ip": "fd00::1"}]},
            id="addresses, in place of others",
        ),
        pytest.param({"hostIP": "192.0.2.1"}, {"hostIP": "192.0.2.1"}, id="address of the node"),
        pytest.param({"startTime": "2026-11-22T10:00:00Z"}, {"startTime": "2026-11-22T10:00:00Z"}, id="start"),
        pytest.param({"resize": "InProgress"}, {"resize": "InProgress"}, id="resize"),
        pytest.param(
            {"resources": {"limits": {"cpu": "1"}}},
            {"resources": {"$patch": "replace", "limits": {"cpu": "1"}}},
            id="resources, in place of others",
        ),
        pytest.param({"containerStatuses": [status()]}, {"containerStatuses": [status()]}, id="containers"),
        pytest.param({"conditions": [READY]}, {"conditions": [READY]}, id="conditions"),
        pytest.param(
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}]},
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}]},
            id="no room on the host",
        ),
        pytest.param(
            {"nominatedNodeName": "host-node-7"}, {"nominatedNodeName": "virtual-node"}, id="node that is made free"
        ),
        pytest.param({"qosClass": "Guaranteed"}, None, id="not the class that the virtual API server computes"),
        pytest.param({"resourceClaimStatuses": [{"name": "gpu"}]}, None, id="not names of things on the host"),
        pytest.param({}, None, id="nothing new"),
    ],
)
def test_the_virtual_pod_is_as_the_host_pod_is(of_host: Json, written: Json | None) -> None:
    assert patched(of_host) == written


def test_every_field_of_a_pods_status_is_accounted_for() -> None:
    assert {*COPIED, *CONTAINER_STATUSES, *COMPUTED, *LEFT_OUT} == fields("V1PodStatus").keys()


@pytest.mark.parametrize(
    ("of_virtual", "of_host", "written"),
    [
        pytest.param({"message": "m", "reason": "r"}, {}, {"message": None, "reason": None}, id="what is over"),
        pytest.param(
            {"conditions": [{"type": "PodResizePending", "status": "True"}]},
            {},
            {"conditions": [{"type": "PodResizePending", "$patch": "delete"}]},
            id="a condition that is over",
        ),
        pytest.param(
            {"conditions": [{"type": "k3k.io/Reflected", "status": "False"}]},
            {},
            {"conditions": [{"type": "k3k.io/Reflected", "$patch": "delete"}]},
            id="why it was not on the host",
        ),
        pytest.param(
            {"phase": "Succeeded", "podIP": "6.6.6.6"},
            {"phase": "Running", "podIP": "10.0.0.1"},
            {"phase": "Running", "podIP": "10.0.0.1"},
            id="what a tenant wrote into it",
        ),
    ],
)
def test_what_is_not_true_any_more_is_corrected(of_virtual: Json, of_host: Json, written: Json) -> None:
    assert patched(of_host, of_virtual) == written


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param({"type": "example.com/lb", "status": "True"}, id="a readiness gate"),
        pytest.param({"type": "example.com/other", "status": "True"}, id="somebody's own"),
        pytest.param({"type": "Warm", "status": "True"}, id="somebody's own, with a plain name"),
        pytest.param({"type": "DisruptionTarget", "status": "True"}, id="an eviction in the virtual cluster"),
    ],
)
def test_conditions_that_were_set_in_the_virtual_cluster_stay(condition: Json) -> None:
    assert patched({}, {"conditions": [condition]}, GATED) is None


def test_conditions_that_controllers_of_the_host_set_do_not_show() -> None:
    theirs = [{"type": "cloud.example/attached", "status": "True"}, {"type": "example.com/lb", "status": "False"}]
    assert patched({"conditions": theirs}, {}, GATED) is None


def test_the_hosts_names_do_not_show() -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "pod=web-shop-demo-qicov3i5mzyw5_tenants(h1)"}}
    written = patched({"containerStatuses": [status(state=waiting)]})
    assert written["containerStatuses"][0]["state"]["waiting"]["message"] == "pod=web_shop(v1)"


def test_an_old_virtual_cluster_is_not_sent_what_it_would_drop() -> None:
    of_host = {"hostIPs": [{"ip": "192.0.2.1"}], "resize": "Deferred", "observedGeneration": 1, "phase": "Running"}
    assert patched(of_host, context=in_version(virtual=V1_20)) == {"phase": "Running"}


@pytest.mark.parametrize(
    ("counts", "in_line", "context", "seen"),
    [
        pytest.param((3, 5, 5), True, CONTEXT, 3, id="seen by the host's kubelet"),
        pytest.param((3, 5, 4), True, CONTEXT, 1, id="not seen by the host's kubelet yet"),
        pytest.param((3, 5, 5), False, CONTEXT, 1, id="not on the host yet"),
        pytest.param((3, 0, 0), True, in_version(host=V1_20), 3, id="on a host that does not count"),
    ],
)
def test_the_observed_generation_is_the_virtual_pods_own(
    counts: tuple[int, int, int], in_line: bool, context: Context, seen: int
) -> None:
    generation, host_generation, observed = counts
    virtual = pod(
        status={"observedGeneration": 1, "conditions": [READY | {"observedGeneration": 1}]}, generation=generation
    )
    of_host = {"observedGeneration": observed, "conditions": [READY | {"observedGeneration": observed}]}
    host = host_pod_of(virtual, status=of_host, generation=host_generation)
    patch = status_patch(virtual, host, context, in_line=in_line)
    now = merged(virtual, patch or {})["status"]
    assert now["observedGeneration"] == seen
    assert now["conditions"][0]["observedGeneration"] == seen


def test_a_virtual_cluster_that_does_not_count_is_told_no_generation() -> None:
    assert patched({"observedGeneration": 5, "conditions": [READY | {"observedGeneration": 5}]}) == {
        "conditions": [READY]
    }


condition_types = st.sampled_from(["Ready", "PodScheduled", "PodResizePending", "example.com/lb", "example.com/x"])
some_conditions = st.lists(
    st.fixed_dictionaries(
        {"type": condition_types, "status": st.sampled_from(["True", "False"])},
        optional={"message": st.just("m"), "lastProbeTime": st.none(), "observedGeneration": st.integers(1, 3)},
    ),
    unique_by=lambda each: str(each["type"]),
)
states = st.sampled_from([RUNNING, {"terminated": {"exitCode": 0}}, {"terminated": {"exitCode": 1}}, {"waiting": {}}])
statuses = st.fixed_dictionaries(
    {"phase": st.sampled_from(["Pending", "Running", "Succeeded", "Failed"])},
    optional={
        "conditions": some_conditions,
        "podIPs": st.lists(st.sampled_from(["10.0.0.1", "fd00::1"]).map(lambda ip: {"ip": ip}), unique_by=str),
        "containerStatuses": st.lists(
            st.builds(status, st.sampled_from(["web", "injected"]), states), unique_by=lambda each: str(each["name"])
        ),
        "message": st.text(max_size=3),
        "resources": st.dictionaries(st.sampled_from(["limits", "requests"]), st.just({"cpu": "1"})),
        "observedGeneration": st.integers(0, 3),
    },
)
policies = st.sampled_from(["Always", "OnFailure", "Never"])


@given(statuses, statuses, policies, st.integers(0, 3), st.booleans())
def test_a_status_that_was_written_is_not_written_again(
    of_virtual: Json, of_host: Json, policy: str, generation: int, in_line: bool
) -> None:
    virtual: Draft = pod({**GATED, "restartPolicy": policy}, status=of_virtual, generation=generation)
    host = host_pod_of(virtual, status=of_host, generation=2)
    patch = status_patch(frozen(virtual), frozen(host), CONTEXT, in_line=in_line)
    now = merged(virtual, patch or {})
    assert status_patch(now, host, CONTEXT, in_line=in_line) is None
    assert {each["name"] for each in now["status"].get("containerStatuses") or ()} <= {"web"} or patch is None


@given(statuses, statuses)
def test_what_the_tenants_controllers_set_is_never_touched(of_virtual: Json, of_host: Json) -> None:
    virtual = pod(GATED, status=of_virtual)
    patch = status_patch(virtual, host_pod_of(virtual, status=of_host), CONTEXT, in_line=True) or {"status": {}}
    assert not [each for each in patch["status"].get("conditions", ()) if "/" in each["type"]]


def test_neither_pod_is_changed() -> None:
    virtual = pod({"containers": [container()]}, status={"conditions": [READY], "podIPs": [{"ip": "10.0.0.1"}]})
    host = host_pod_of(virtual, status={"phase": "Running", "containerStatuses": [status()], "conditions": [READY]})
    assert status_patch(frozen(virtual), frozen(host), CONTEXT, in_line=True) is not None
