"""The oracle finds each kind of violation: a world in which all is well, and one that is harmed in one way."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.kinds import REVISION
from tests.faults.oracle import violations
from tests.faults.world import (
    CLUSTER,
    NAMESPACE_LABEL,
    ORIGIN_NAME,
    ORIGIN_NAMESPACE,
    ORIGIN_UID,
    SYNC_SOURCE,
    Name,
    World,
)

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATUS: Json = {
    "phase": "Running",
    "podIP": "10.0.0.1",
    "startTime": "2026-01-01T00:00:00Z",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [{"name": "main", "containerID": "containerd://1", "restartCount": 0, "ready": True}],
}


def virtual(kind: str, name: str, namespace: str = "shop", **content: Any) -> Json:
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-of-{kind}-{name}", "labels": {REVISION: "1"}}
    return {"kind": kind, "metadata": metadata, **content}


def host(original: Json, **content: Any) -> Json:
    metadata = original["metadata"]
    namespace = metadata["namespace"]
    return {
        "kind": original["kind"],
        "metadata": {
            "name": f"{metadata['name']}-{namespace}-tenant-{'a' * 13}",
            "namespace": "host-side",
            "uid": f"host-{metadata['uid']}",
            "resourceVersion": "1",
            "labels": {REVISION: "1", CLUSTER: "tenant", NAMESPACE_LABEL: namespace},
            "annotations": {
                ORIGIN_NAMESPACE: namespace,
                ORIGIN_NAME: metadata["name"],
                ORIGIN_UID: metadata["uid"],
            },
        },
        **copy.deepcopy({key: value for key, value in original.items() if key not in ("kind", "metadata")}),
        **content,
    }


def pod(name: str, **spec: Any) -> Json:
    containers = [{"name": "main", "envFrom": [{"configMapRef": {"name": "settings"}}]}]
    given = {"nodeName": "node", "containers": containers, **spec}
    return virtual("Pod", name, spec=given, status=copy.deepcopy(STATUS))


def sound() -> World:
    """A world of one pod, its ConfigMap, a Service and a policy; and somebody else's ConfigMap."""
    web, settings = pod("web"), virtual("ConfigMap", "settings", data={"a": "b"})
    service = virtual("Service", "web", spec={"clusterIP": "10.1.0.1", "ports": [{"port": 80}], "selector": {"a": "b"}})
    policy = virtual("NetworkPolicy", "wall", spec={"podSelector": {"matchLabels": {"a": "b"}}, "ingress": []})
    scope = {CLUSTER: "tenant", NAMESPACE_LABEL: "shop"}
    planted = {"kind": "ConfigMap", "metadata": {"name": "planted", "uid": "planted", "resourceVersion": "5"}}
    node = {
        "metadata": {"name": "node", "uid": "n"},
        "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    lease = {
        "metadata": {"name": "node", "ownerReferences": [{"uid": "n"}]},
        "spec": {"renewTime": "2025-12-31T23:59:55.000000Z", "leaseDurationSeconds": 40},
    }
    offered = {"kind": "StorageClass", "metadata": {"name": "fast", "uid": "c", "labels": {REVISION: "1"}}}
    copied_class = {**offered, "metadata": {"name": "fast", "uid": "d", "labels": {REVISION: "1", SYNC_SOURCE: "host"}}}
    originals = [web, settings, service, policy]
    copied_policy = host(policy)
    copied_policy["spec"]["podSelector"]["matchLabels"] |= scope
    copied_service = host(service)
    copied_service["spec"]["selector"] |= scope
    return World(
        cluster="tenant",
        host_namespace="host-side",
        node="node",
        virtual={
            **{each["kind"]: [each] for each in originals},
            "Node": [node],
            "Lease": [lease],
            "StorageClass": [copied_class],
        },
        host={
            "Pod": [host(web)],
            "ConfigMap": [host(settings), copy.deepcopy(planted)],
            "Service": [copied_service],
            "NetworkPolicy": [copied_policy],
            "StorageClass": [offered],
        },
        now=NOW,
        expected={Name(each["kind"], "shop", each["metadata"]["name"]): 1 for each in originals},
        planted=[planted],
    )


Harm = Callable[[Any], object]  # of a World, whose mappings are to be changed


def the(objects: Any, kind: str, number: int = 0) -> Any:
    return objects[kind][number]


def labels(obj: Any) -> Any:
    return obj["metadata"]["labels"]


def two_virtual_namesakes(world: Any) -> None:
    """Another namespace's ConfigMap whose copy bears the same host name, as if in another namespace of the host."""
    other = virtual("ConfigMap", "settings", "bank", data={"a": "b"})
    other["metadata"]["uid"] = "another"
    copied = host(other)
    copied["metadata"]["name"] = the(world.host, "ConfigMap")["metadata"]["name"]
    the_bank_pod = pod("bank")
    the_bank_pod["metadata"] |= {"namespace": "bank", "uid": "bank-pod"}
    world.virtual["ConfigMap"].append(other)
    world.host["ConfigMap"].append(copied)
    world.virtual["Pod"].append(the_bank_pod)
    world.host["Pod"].append(host(the_bank_pod))


def second_copy(world: Any) -> None:
    second = copy.deepcopy(the(world.host, "Pod"))
    second["metadata"] |= {"name": f"web-again-{'b' * 13}", "uid": "second"}
    world.host["Pod"].append(second)


def no_one_refers(world: Any) -> None:
    the(world.virtual, "Pod")["spec"]["containers"] = the(world.host, "Pod")["spec"]["containers"] = [{"name": "main"}]


def stray_label(world: Any) -> None:
    stray = {"kind": "Secret", "metadata": {"name": "stray", "uid": "stray", "labels": {CLUSTER: "tenant"}}}
    world.host["Secret"] = [stray]


def tokens_of_nobody(world: Any) -> None:
    tokens = host(virtual("Secret", "web"))
    labels(tokens)["k3k.io/holds"] = "tokens"
    world.host["Secret"] = [tokens]


def volume_of_nobody(world: Any) -> None:
    metadata = {"name": "pvc-1", "uid": "volume", "labels": {"k3k.io/sync-source": "host"}}
    world.virtual["PersistentVolume"] = [
        {"metadata": metadata, "spec": {"claimRef": {"uid": "gone"}}, "status": {"phase": "Bound"}}
    ]


HARMS: dict[str, tuple[str, Harm]] = {
    "a tenant's object is gone": ("lost", lambda world: world.virtual["Service"].clear()),
    "a tenant's change is gone": ("lost", lambda world: labels(the(world.virtual, "Service")).update({REVISION: "0"})),
    "what was deleted is there": (
        "deletion",
        lambda world: world.expected.pop(Name("Service", "shop", "web")),
    ),
    "a copy outlives its original": ("orphan", lambda world: world.virtual["NetworkPolicy"].clear()),
    "a copy is nobody's wish": ("orphan", no_one_refers),
    "tokens outlive their pod": ("orphan", tokens_of_nobody),
    "a volume outlives its claim": ("orphan", volume_of_nobody),
    "a copy is that of a predecessor": (
        "predecessor",
        lambda world: the(world.virtual, "Service")["metadata"].update(uid="new"),
    ),
    "there are two copies": ("duplicate", second_copy),
    "a copy is in another namespace": (
        "stray",
        lambda world: the(world.host, "Service")["metadata"].update(namespace="default"),
    ),
    "there is no copy": ("missing", lambda world: world.host["Pod"].clear()),
    "a copy is behind": ("stale", lambda world: labels(the(world.host, "Service")).update({REVISION: "0"})),
    "a copy has other data": ("stale", lambda world: the(world.host, "ConfigMap").update(data={})),
    "two originals share a name": ("name", two_virtual_namesakes),
    "a name has no digest": ("name", lambda world: the(world.host, "Service")["metadata"].update(name="web")),
    "a Service selects others' pods": (
        "cross-talk",
        lambda world: the(world.host, "Service")["spec"]["selector"].pop(NAMESPACE_LABEL),
    ),
    "a policy is about others' pods": (
        "cross-talk",
        lambda world: the(world.host, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"].clear(),
    ),
    "a label says another namespace": (
        "cross-talk",
        lambda world: labels(the(world.host, "Pod")).update({NAMESPACE_LABEL: "bank"}),
    ),
    "a class is not offered": ("missing", lambda world: world.virtual["StorageClass"].clear()),
    "a class is offered that the host has not": ("orphan", lambda world: world.host["StorageClass"].clear()),
    "a class is offered as something else": (
        "stale",
        lambda world: the(world.host, "StorageClass").update(reclaimPolicy="Retain"),
    ),
    "a class tells of the host": (
        "leak",
        lambda world: the(world.virtual, "StorageClass").update(parameters={"a": "b"}),
    ),
    "somebody else's object is gone": ("foreign", lambda world: world.host["ConfigMap"].pop(1)),
    "somebody else's object was changed": (
        "foreign",
        lambda world: the(world.host, "ConfigMap", 1)["metadata"].update(resourceVersion="6"),
    ),
    "something bears our label alone": ("stray", stray_label),
    "a finalizer of ours is on a tenant's object": (
        "finalizer",
        lambda world: the(world.virtual, "Service")["metadata"].update(finalizers=["k3k.io/wait"]),
    ),
    "a deletion does not end": (
        "deletion",
        lambda world: the(world.virtual, "Pod")["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"),
    ),
    "a host pod's deletion does not end": (
        "deletion",
        lambda world: the(world.host, "Pod")["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"),
    ),
    "a phase is lost": ("status", lambda world: the(world.virtual, "Pod")["status"].update(phase="Pending")),
    "a condition is lost": (
        "status",
        lambda world: the(world.virtual, "Pod")["status"]["conditions"][0].update(status="False"),
    ),
    "a container's status is lost": (
        "status",
        lambda world: the(world.virtual, "Pod")["status"]["containerStatuses"].clear(),
    ),
    "a pod has Failed for no reason": (
        "status",
        lambda world: (the(world.virtual, "Pod")["status"].update(phase="Failed"), world.host["Pod"].clear()),
    ),
    "the Node is gone": ("node", lambda world: world.virtual["Node"].clear()),
    "the Node is not Ready": (
        "node",
        lambda world: the(world.virtual, "Node")["status"]["conditions"][0].update(status="Unknown"),
    ),
    "the Node is tainted": ("node", lambda world: the(world.virtual, "Node")["spec"].update(taints=[{"key": "a"}])),
    "the Lease is gone": ("node", lambda world: world.virtual["Lease"].clear()),
    "the Lease has run out": (
        "node",
        lambda world: the(world.virtual, "Lease")["spec"].update(renewTime="2025-12-31T23:59:00.000000Z"),
    ),
    "the Lease is another Node's": (
        "node",
        lambda world: the(world.virtual, "Lease")["metadata"].update(ownerReferences=[{"uid": "old"}]),
    ),
}


def test_it_has_nothing_to_say_when_all_is_well() -> None:
    assert violations(sound()) == []


@pytest.mark.parametrize(("rule", "harm"), HARMS.values(), ids=HARMS)
def test_it_finds(rule: str, harm: Harm) -> None:
    world = sound()
    harm(world)
    assert rule in {violation.rule for violation in violations(world)}


def test_a_pod_whose_host_pod_was_taken_may_have_failed() -> None:
    world: Any = sound()
    the(world.virtual, "Pod")["status"]["phase"] = "Failed"
    world.host["Pod"].clear()
    assert violations(replace(world, taken=frozenset({"uid-of-Pod-web"}))) == []
