from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.context import Context, Version
from reflectors.translation.json_values import Draft, Json, fresh
from reflectors.translation.metadata import APPLIED, is_reserved
from reflectors.translation.pod_changes import next_change
from reflectors.translation.writes import Patch, Refuse
from tests.unit.reflectors.translation.pods import (
    CONTEXT,
    V1_20,
    container,
    frozen,
    host_pod_of,
    in_version,
    labels,
    pod,
)
from tests.unit.reflectors.translation.strategic_merge import merged

BEFORE: Any = pod(
    {
        "containers": [container(), container("other")],
        "initContainers": [container("init")],
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "activeDeadlineSeconds": 600,
    },
    labels={"app": "web", "tier": "front"},
    annotations={"note": "n"},
)


def changed(**spec: Any) -> Any:
    """The pod after the tenant changed its spec."""
    return fresh(BEFORE) | {"spec": {**fresh(BEFORE["spec"]), **spec}}


def patch(virtual: Json, host: Json | None = None, context: Context = CONTEXT) -> Any:
    """The body of the next patch, but for the record in it."""
    change = next_change(virtual, host or host_pod_of(BEFORE), context)
    assert isinstance(change, Patch)
    body = fresh(change.body)
    body["metadata"].get("annotations", {}).pop(APPLIED, None)
    return body


def test_a_pod_in_line_needs_no_change() -> None:
    assert next_change(BEFORE, host_pod_of(BEFORE), CONTEXT) is None


def test_labels_and_annotations_are_set_and_taken_away() -> None:
    virtual = fresh(BEFORE)
    virtual["metadata"] |= {"labels": {"app": "shop", "new": "1"}, "annotations": {"memo": "m"}}
    assert patch(virtual)["metadata"] == {
        "uid": "h1",
        "labels": {"app": "shop", "new": "1", "tier": None},
        "annotations": {"memo": "m", "note": None},
    }


def test_a_patch_says_in_short_what_it_is_for() -> None:
    virtual = changed(activeDeadlineSeconds=60)
    virtual["metadata"]["annotations"] = {f"note-{number}": "n" for number in range(1000)}
    change = next_change(virtual, host_pod_of(BEFORE), CONTEXT)
    assert isinstance(change, Patch)
    assert change.why == "changed: activeDeadlineSeconds, annotations"


@pytest.mark.parametrize(
    ("virtual", "spec"),
    [
        pytest.param(
            changed(containers=[container(image="nginx:2"), container("other")]),
            {"containers": [{"name": "web", "image": "nginx:2"}]},
            id="a container's image",
        ),
        pytest.param(
            changed(initContainers=[container("init", image="nginx:2")]),
            {"initContainers": [{"name": "init", "image": "nginx:2"}]},
            id="an init container's image",
        ),
        pytest.param(changed(activeDeadlineSeconds=60), {"activeDeadlineSeconds": 60}, id="a nearer deadline"),
        pytest.param(changed(activeDeadlineSeconds=0), {"activeDeadlineSeconds": 0}, id="a deadline of now"),
        pytest.param(
            changed(tolerations=[{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}]),
            {"tolerations": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}]},
            id="one more toleration",
        ),
        pytest.param(
            changed(tolerations=[{"key": "a", "operator": "Exists", "tolerationSeconds": 5}]),
            {"tolerations": [{"key": "a", "operator": "Exists", "tolerationSeconds": 5}]},
            id="a toleration of another time",
        ),
    ],
)
def test_fields_that_may_change_are_patched(virtual: Json, spec: Json) -> None:
    assert patch(virtual)["spec"] == spec


def with_host_changes() -> Draft:
    """The host pod, as webhooks and others of the host have changed it."""
    host = host_pod_of(BEFORE)
    host["metadata"]["labels"] |= {"mesh": "on", "tier": "changed by a webhook"}
    host["metadata"]["annotations"] |= {"mesh": "on"}
    host["spec"]["containers"][0]["image"] = "mirror/nginx:1"
    host["spec"]["containers"].append(container("sidecar", image="mesh:1"))
    host["spec"]["tolerations"].append({"key": "spot", "operator": "Exists"})
    host["spec"]["activeDeadlineSeconds"] = 300
    return host


def test_what_others_did_to_the_host_pod_is_no_reason_to_write() -> None:
    assert next_change(BEFORE, with_host_changes(), CONTEXT) is None


@pytest.mark.parametrize(
    ("virtual", "spec"),
    [
        pytest.param(
            changed(containers=[container(), container("other", image="nginx:2")]),
            {"containers": [{"name": "other", "image": "nginx:2"}]},
            id="an image: that of a webhook stays in the other container",
        ),
        pytest.param(
            changed(tolerations=[{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}]),
            {
                "tolerations": [
                    {"key": "a", "operator": "Exists"},
                    {"key": "spot", "operator": "Exists"},
                    {"key": "b", "operator": "Exists"},
                ]
            },
            id="tolerations: that of a webhook stays",
        ),
        pytest.param(changed(activeDeadlineSeconds=400), {}, id="a deadline: the nearer one on the host stays"),
        pytest.param(
            changed(activeDeadlineSeconds=60), {"activeDeadlineSeconds": 60}, id="a deadline nearer than that"
        ),
    ],
)
def test_what_others_did_to_the_host_pod_survives_a_change(virtual: Json, spec: Json) -> None:
    body = patch(virtual, with_host_changes())
    assert body["spec"] == spec
    assert body["metadata"]["labels"] == {}
    assert body["metadata"]["annotations"] == {}


def test_a_list_that_is_replaced_is_guarded_by_the_version_that_was_read() -> None:
    more = [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}]
    assert patch(changed(tolerations=more))["metadata"]["resourceVersion"] == "7"
    assert "resourceVersion" not in patch(changed(activeDeadlineSeconds=60))["metadata"]


DEBUG = container("debug", image="busybox", targetContainerName="web", env=[{"name": "A", "value": "a"}])


def added(context: Context) -> Any:
    change = next_change(changed(ephemeralContainers=[DEBUG]), host_pod_of(BEFORE), context)
    assert isinstance(change, Patch)
    assert change.subresource == "ephemeralcontainers"
    return change.body


def test_ephemeral_containers_are_added_through_their_subresource() -> None:
    body = added(CONTEXT)
    assert body["metadata"] == {"uid": "h1"}
    assert [(each["name"], each["targetContainerName"]) for each in body["spec"]["ephemeralContainers"]] == [
        ("debug", "web")
    ]


def test_an_old_host_has_them_in_a_kind_of_their_own() -> None:
    body = added(in_version(host=Version(1, 21)))
    assert [each["name"] for each in body["ephemeralContainers"]] == ["debug"]
    assert "spec" not in body


def test_those_that_are_there_are_not_sent_again() -> None:
    host = host_pod_of(BEFORE)
    host["spec"]["ephemeralContainers"] = [container("debug"), container("of-the-hosts-admin")]
    assert next_change(changed(ephemeralContainers=[DEBUG]), host, CONTEXT) is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        pytest.param({"securityContext": {"privileged": True}}, "privileged containers are off here", id="privileged"),
        pytest.param(
            {"lifecycle": {"preStop": {"httpGet": {"host": "192.0.2.1", "port": 80}}}},
            "the node would send this request to another host",
            id="reaches past the pod",
        ),
    ],
)
def test_an_ephemeral_container_that_is_refused_does_not_keep_others_out(fields: Json, why: str) -> None:
    virtual = changed(ephemeralContainers=[container("bold", **fields), DEBUG])
    host = host_pod_of(BEFORE)
    first = next_change(virtual, host, CONTEXT)
    assert isinstance(first, Patch)
    assert [each["name"] for each in first.body["spec"]["ephemeralContainers"]] == ["debug"]
    second = next_change(virtual, merged(host, first.body), CONTEXT)
    assert isinstance(second, Refuse)
    assert second.message.startswith("spec.ephemeralContainers[0].")
    assert why in second.message


def test_what_a_new_container_wants_to_know_is_there_before_it() -> None:
    asks = container("debug", env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}])
    virtual = changed(ephemeralContainers=[asks])
    host = host_pod_of(BEFORE)
    first = next_change(virtual, host, CONTEXT)
    assert isinstance(first, Patch)
    assert first.subresource is None
    assert "web" in first.body["metadata"]["annotations"].values()
    second = next_change(virtual, merged(host, first.body), CONTEXT)
    assert isinstance(second, Patch)
    assert second.subresource == "ephemeralcontainers"


RESIZED = changed(containers=[container(resources={"limits": {"cpu": "2"}}), container("other")])


def test_a_resize_is_recorded_once_the_host_has_it() -> None:
    host = host_pod_of(BEFORE)
    first = next_change(RESIZED, host, CONTEXT)
    assert isinstance(first, Patch)
    assert first.subresource == "resize"
    host = merged(host, first.body)
    second = next_change(RESIZED, host, CONTEXT)
    assert isinstance(second, Patch)
    assert second.body["metadata"]["annotations"].keys() == {APPLIED}
    assert next_change(RESIZED, merged(host, second.body), CONTEXT) is None


def test_on_a_host_that_cannot_resize_everything_else_still_changes() -> None:
    context, virtual = in_version(host=V1_20), fresh(RESIZED)
    virtual["metadata"]["labels"]["app"] = "shop"
    host = host_pod_of(BEFORE, context)
    first = next_change(virtual, host, context)
    assert isinstance(first, Patch)
    assert first.body["metadata"]["labels"] == {"app": "shop"}
    second = next_change(virtual, merged(host, first.body), context)
    assert isinstance(second, Refuse)
    assert second.message.startswith("spec.containers[web].resources: the host is Kubernetes 1.20")


GATE = {"type": "example.com/lb", "status": "True", "reason": "Attached", "lastTransitionTime": "2026-11-22T10:00:00Z"}


@pytest.mark.parametrize(
    ("virtual_conditions", "host_conditions", "patched"),
    [
        pytest.param([GATE], [], [GATE], id="set"),
        pytest.param([GATE | {"observedGeneration": 3}], [GATE], None, id="set already"),
        pytest.param([], [GATE], [{"type": "example.com/lb", "$patch": "delete"}], id="taken away"),
        pytest.param(
            [GATE],
            [{"type": "example.com/lb", "status": "False", "message": "m"}],
            [GATE | {"message": None}],
            id="other",
        ),
        pytest.param([{"type": "Ready", "status": "True"}], [], None, id="not a gate"),
    ],
)
def test_the_tenants_readiness_gates_are_shown_to_the_hosts_kubelet(
    virtual_conditions: list[Json], host_conditions: list[Json], patched: list[Json] | None
) -> None:
    spec = {"readinessGates": [{"conditionType": "example.com/lb"}]}
    virtual = pod(spec, status={"conditions": virtual_conditions})
    change = next_change(virtual, host_pod_of(virtual, status={"conditions": host_conditions}), CONTEXT)
    assert change == (
        None
        if patched is None
        else Patch(
            {"metadata": {"uid": "h1"}, "status": {"conditions": patched}},
            "changed: conditions example.com/lb",
            "status",
        )
    )


images = st.sampled_from(["nginx:1", "nginx:2", "nginx:3"])
tolerated = st.lists(st.sampled_from([{"key": key, "operator": "Exists"} for key in "abc"]), unique_by=str)
pods_of_any_age = st.builds(
    lambda some_labels, notes, image, tolerations, deadline: pod(
        {"containers": [container(image=image)], "tolerations": tolerations, "activeDeadlineSeconds": deadline},
        labels=some_labels,
        annotations=notes,
    ),
    labels,
    st.dictionaries(st.sampled_from(["note", "memo", "example.com/x"]), st.text(max_size=3)),
    images,
    tolerated,
    st.none() | st.integers(0, 9),
)


@given(pods_of_any_age, pods_of_any_age, labels)
def test_a_change_converges_and_what_others_added_survives(before: Json, now: Json, others: dict[str, str]) -> None:
    host = host_pod_of(before)
    theirs = {f"theirs-{key}": value for key, value in others.items() if "/" not in key}
    host["metadata"]["labels"] |= theirs
    writes = 0
    while (change := next_change(frozen(now), frozen(host), CONTEXT)) is not None:
        assert isinstance(change, Patch)
        host, writes = merged(host, change.body), writes + 1
        assert writes == 1, "one patch is enough"
    tenants = {key: value for key, value in now["metadata"]["labels"].items() if not is_reserved(key)}
    assert tenants | theirs == {key: value for key, value in host["metadata"]["labels"].items() if not is_reserved(key)}
    assert host["spec"]["containers"][0]["image"] == now["spec"]["containers"][0]["image"]
