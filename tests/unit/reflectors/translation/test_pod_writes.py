from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.context import Context
from reflectors.translation.json_values import Json
from reflectors.translation.pod_spec import translated
from reflectors.translation.pod_writes import next_host_write, next_virtual_write
from reflectors.translation.writes import Create, Delete, Finalize, Patch, PatchStatus, Refuse
from tests.unit.reflectors.translation.one_pods_world import ACTIONS, STARTED, World, deleted
from tests.unit.reflectors.translation.pods import CONTEXT, NOW, container, frozen, host_pod_of, labels, names, pod

ENDED = {"phase": "Succeeded", "startTime": NOW}
WEB = pod()
NEW_WEB = pod(uid="v2")
STARTED_WEB = pod(status=STARTED)
DELETED_WEB = pod(status=STARTED, **deleted())
HOST = host_pod_of(WEB)
FOREIGN = {"metadata": {"namespace": "tenants", "name": HOST["metadata"]["name"], "uid": "x"}, "spec": {}}
RECREATED = "its virtual pod was recreated"


@pytest.mark.parametrize(
    ("virtual", "host", "write"),
    [
        pytest.param(None, None, None, id="nothing there"),
        pytest.param(WEB, None, Create(translated(WEB, CONTEXT).pod), id="new"),
        pytest.param(WEB, HOST, None, id="in line"),
        pytest.param(None, HOST, Delete("h1", 0, "its virtual pod is gone"), id="orphan"),
        pytest.param(None, FOREIGN, None, id="somebody else's, and nobody wants its name"),
        pytest.param(NEW_WEB, HOST, Delete("h1", 0, RECREATED), id="recreated"),
        pytest.param(
            pod(uid="v2", **deleted()),
            HOST,
            Delete("h1", 0, RECREATED),
            id="recreated, and being deleted again",
        ),
        pytest.param(
            DELETED_WEB, HOST, Delete("h1", 30, "its virtual pod is being deleted"), id="with the tenant's grace period"
        ),
        pytest.param(
            pod(**deleted(0)),
            HOST,
            Delete("h1", 0, "its virtual pod is being deleted"),
            id="at once, and held by a finalizer",
        ),
        pytest.param(DELETED_WEB, host_pod_of(WEB, **deleted(30)), None, id="being deleted on both sides"),
        pytest.param(
            pod(**deleted(5)),
            host_pod_of(WEB, **deleted(30)),
            Delete("h1", 5, "its virtual pod is being deleted"),
            id="the tenant wants it sooner",
        ),
        pytest.param(DELETED_WEB, host_pod_of(WEB, **deleted(1)), None, id="the host wants it sooner"),
        pytest.param(
            NEW_WEB, host_pod_of(WEB, **deleted(30)), Delete("h1", 0, RECREATED), id="the predecessor is going"
        ),
        pytest.param(
            NEW_WEB,
            host_pod_of(WEB, **deleted(0)),
            Delete("h1", 0, RECREATED),
            id="the predecessor was left by an API server that did not get to its end",
        ),
        pytest.param(
            NEW_WEB,
            host_pod_of(WEB, **deleted(0, finalizers=["test.example/held"])),
            None,
            id="the predecessor is held by somebody's finalizer",
        ),
        pytest.param(DELETED_WEB, host_pod_of(WEB, **deleted(0)), None, id="the kubelet removes it"),
        pytest.param(WEB, host_pod_of(WEB, **deleted(30)), None, id="being deleted by the host"),
        pytest.param(DELETED_WEB, None, None, id="deleted on the host"),
        pytest.param(STARTED_WEB, None, None, id="lost on the host: never started twice"),
        pytest.param(pod(status=ENDED), None, None, id="ended, and cleaned up on the host"),
        pytest.param(
            pod(status={"conditions": [{"type": "PodScheduled", "status": "False"}]}),
            None,
            Create(translated(WEB, CONTEXT).pod),
            id="lost before any kubelet had it: made again",
        ),
    ],
)
def test_what_is_written_on_the_host_next(virtual: Json | None, host: Json | None, write: object) -> None:
    assert next_host_write(frozen(virtual), frozen(host), CONTEXT) == write


def refusal(virtual: Json, host: Json | None = None, context: Context = CONTEXT) -> Refuse:
    write = next_host_write(virtual, host, context)
    assert isinstance(write, Refuse)
    return write


def test_a_host_object_of_somebody_else_under_our_name_is_left_alone() -> None:
    assert refusal(WEB, FOREIGN) == Refuse(
        "ForeignObject",
        "metadata.name: the host has a pod tenants/web-shop-demo-qicov3i5mzyw5 already, which is not this one's; "
        "ask whoever runs the host cluster to remove it",
    )
    assert next_host_write(DELETED_WEB, FOREIGN, CONTEXT) is None


@pytest.mark.parametrize(
    ("virtual", "reason", "message"),
    [
        pytest.param(
            pod({"hostPID": True, "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
            "Refused",
            [
                "spec.hostPID: the host's namespaces are off here; leave it out, ",
                "spec.volumes[0].hostPath: the node's files are off here; use a PersistentVolumeClaim, ",
            ],
            id="every reason at once",
        ),
        pytest.param(
            pod({"resourceClaims": [{"name": "gpu"}]}),
            "Waiting",
            ["spec.resourceClaims: resource claims are not reflected yet"],
            id="what is not reflected yet",
        ),
        pytest.param(
            pod(annotations={"a": "x" * 1024 * 1024}),
            "Refused",
            ["metadata.annotations: with what is recorded beside them, 7"],
            id="1 MB of annotations",
        ),
    ],
)
def test_a_pod_that_cannot_be_is_not_created(virtual: Json, reason: str, message: list[str]) -> None:
    refused = refusal(virtual)
    assert refused.reason == reason
    lines = refused.message.split("\n")
    assert len(lines) == len(message)
    assert all(line.startswith(beginning) for line, beginning in zip(lines, message, strict=True))


def test_an_ephemeral_container_that_is_refused_does_not_keep_its_pod_from_being_created() -> None:
    virtual = pod({"ephemeralContainers": [container("bold", securityContext={"privileged": True})]})
    assert isinstance(next_host_write(virtual, None, CONTEXT), Create)


def test_what_a_new_pod_lacks_on_the_host_comes_with_it() -> None:
    write = next_host_write(pod({"brandNew": 1}), None, CONTEXT)
    assert isinstance(write, Create)
    assert [each.field for each in write.lost] == ["spec.brandNew"]


def test_a_change_of_the_virtual_pod_is_a_patch_of_its_host_pod() -> None:
    assert isinstance(next_host_write(pod(labels={"new": "1"}), HOST, CONTEXT), Patch)


LOST = {"phase": "Failed", "reason": "HostPodDeleted"}
REFUSED = Refuse("Refused", "because")


@pytest.mark.parametrize(
    ("virtual", "host", "write"),
    [
        pytest.param(WEB, None, None, id="not created yet"),
        pytest.param(WEB, HOST, None, id="in line"),
        pytest.param(STARTED_WEB, host_pod_of(WEB, status=STARTED), None, id="in line, and started"),
        pytest.param(WEB, host_pod_of(WEB, status={"phase": "Running"}), {"phase": "Running"}, id="what the host says"),
        pytest.param(
            DELETED_WEB,
            host_pod_of(WEB, status=STARTED | {"phase": "Failed"}, **deleted()),
            {"phase": "Failed"},
            id="what the host says, also while it is being deleted",
        ),
        pytest.param(NEW_WEB, host_pod_of(WEB, status=STARTED), None, id="not what the predecessor's says"),
        pytest.param(WEB, FOREIGN, None, id="not what somebody else's says"),
        pytest.param(STARTED_WEB, None, LOST, id="deleted on the host"),
        pytest.param(STARTED_WEB, FOREIGN, LOST, id="deleted on the host, and the name taken"),
        pytest.param(pod(status=ENDED), None, None, id="ended"),
        pytest.param(DELETED_WEB, None, Finalize("v1"), id="deleted on both sides"),
        pytest.param(pod(**deleted()), None, Finalize("v1"), id="deleted before it was created on the host"),
        pytest.param(DELETED_WEB, FOREIGN, Finalize("v1"), id="deleted, and never ours on the host"),
        pytest.param(
            pod(uid="v2", status=STARTED, **deleted()),
            host_pod_of(WEB, **deleted()),
            Finalize("v2"),
            id="deleted, and only its predecessor is on the host",
        ),
        pytest.param(
            pod(status=ENDED, **deleted(0, finalizers=["test.example/held"])),
            None,
            None,
            id="finalized, and held by somebody's finalizer",
        ),
        pytest.param(
            pod(**deleted(0)), None, Finalize("v1"), id="finalized by an API server that did not get to its end"
        ),
        pytest.param(
            pod(status=STARTED, **deleted(finalizers=["batch.kubernetes.io/job-tracking"])),
            None,
            {"phase": "Failed", "reason": "Deleted"},
            id="deleted, and a Job waits for how it ended",
        ),
    ],
)
def test_what_is_written_in_the_virtual_cluster_next(virtual: Json, host: Json | None, write: object) -> None:
    found = next_virtual_write(frozen(virtual), frozen(host), CONTEXT, None, now=NOW)
    if isinstance(write, dict):
        assert isinstance(found, PatchStatus)
        assert write.items() <= found.body["status"].items()
    else:
        assert found == write


@pytest.mark.parametrize(
    ("virtual", "host", "told"),
    [
        pytest.param(WEB, None, True, id="not created"),
        pytest.param(WEB, FOREIGN, True, id="its name is taken"),
        pytest.param(STARTED_WEB, host_pod_of(WEB, status=STARTED), False, id="something else of a pod that runs"),
        pytest.param(DELETED_WEB, None, False, id="it is being deleted anyway"),
    ],
)
def test_a_pod_that_is_not_created_says_why(virtual: Json, host: Json | None, told: bool) -> None:
    write = next_virtual_write(virtual, host, CONTEXT, REFUSED, now=NOW)
    assert (isinstance(write, PatchStatus) and write.body["status"].get("reason") == "Refused") is told


@given(st.lists(st.sampled_from(ACTIONS), max_size=12), st.booleans())
def test_whatever_happens_both_sides_come_to_agree_and_no_pod_runs_twice(actions: list[str], settling: bool) -> None:
    world = World()
    world.settle()
    for action in actions:
        world.act(action)
        if settling:  # or everything happens before we look
            world.settle()
    world.settle()
    assert world.settle() == 0
    assert len(world.started) == len(set(world.started)), "a pod's containers were started again"
    if world.virtual is None:
        assert world.host is None or "deletionTimestamp" in world.host["metadata"], "an orphan"
    elif world.host is not None and "deletionTimestamp" not in world.host["metadata"]:
        assert world.owner() == world.virtual["metadata"]["uid"], "a host pod of a predecessor"


other_clusters = st.sampled_from([replace(CONTEXT, cluster="other"), replace(CONTEXT, host_namespace="elsewhere")])


@given(names, labels, other_clusters)
def test_what_is_not_ours_is_never_written_to(name: str, some_labels: dict[str, str], theirs: Context) -> None:
    host = host_pod_of(pod(name=name, labels=some_labels), theirs, namespace="tenants")
    for virtual in (None, pod(name=name), pod(name=name, **deleted())):
        assert not isinstance(next_host_write(virtual, host, CONTEXT), Patch | Delete)
