from typing import Any

import pytest

from reflectors.translation.json_values import Draft, Json
from reflectors.translation.storage_classes import StorageClassRules, virtual_class
from reflectors.translation.writes import Create, Delete, Patch, Refuse
from tests.unit.reflectors.translation.pods import frozen

DEFAULT = "storageclass.kubernetes.io/is-default-class"


def host_class(labels: Json | None = None, annotations: Json | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "fast", "uid": "h1", "labels": labels or {}, "annotations": annotations or {}},
        "provisioner": "disks.example.com",
        "parameters": {"csi.storage.k8s.io/provisioner-secret-name": "credentials"},
        "allowedTopologies": [{"matchLabelExpressions": []}],
        "mountOptions": ["noatime"],
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
        **fields,
    }


def copy_of(host: Json, **metadata: Any) -> Draft:
    copy = virtual_class(host)
    return copy | {"metadata": {**copy["metadata"], "uid": "v1", **metadata}}


RULES = StorageClassRules()


def test_a_copy_says_how_claims_behave_and_nothing_of_the_hosts_machinery() -> None:
    annotations = {DEFAULT: "true", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    write = RULES.next_write(frozen(host_class({"tier": "gold", "k3k.io/sync-enabled": "true"}, annotations)), None)
    assert isinstance(write, Create)
    assert write.body == {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "fast",
            "labels": {"tier": "gold", "k3k.io/sync-source": "host"},
            "annotations": {DEFAULT: "true", "k3k.io/host-provisioner": "disks.example.com"},
        },
        "provisioner": "k3k.io/host",
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


def test_what_the_host_does_not_say_is_what_kubernetes_takes_for_it() -> None:
    bare = {"metadata": {"name": "fast"}, "provisioner": "disks.example.com"}
    made = virtual_class(bare)
    assert (made["reclaimPolicy"], made["volumeBindingMode"], made["allowVolumeExpansion"]) == (
        "Delete",
        "Immediate",
        False,
    )
    assert RULES.next_write(bare, copy_of(bare)) is None


@pytest.mark.parametrize(
    ("host", "copy", "write"),
    [
        pytest.param(host_class(), copy_of(host_class()), None, id="in line"),
        pytest.param(None, None, None, id="nothing"),
        pytest.param(None, copy_of(host_class()), Delete, id="the host's is gone, or not wanted"),
        pytest.param(host_class({"k3k.io/sync-enabled": "false"}), None, None, id="not offered"),
        pytest.param(host_class({"k3k.io/sync-enabled": ""}), copy_of(host_class()), Delete, id="not offered any more"),
        pytest.param(host_class(), {"metadata": {"name": "fast"}}, Refuse, id="the tenant has one of that name"),
        pytest.param(None, {"metadata": {"name": "fast"}}, None, id="the tenant's own"),
        pytest.param(host_class(reclaimPolicy="Delete"), copy_of(host_class()), Delete, id="made anew on the host"),
        pytest.param(host_class(), copy_of(host_class()) | {"provisioner": "x"}, Delete, id="meddled with"),
    ],
)
def test_a_copy_is_there_while_the_hosts_class_is_offered(
    host: Json | None, copy: Json | None, write: type | None
) -> None:
    found = RULES.next_write(host, copy)
    assert found is None if write is None else isinstance(found, write)


def test_what_may_change_changes_and_the_tenants_own_notes_stay() -> None:
    before = copy_of(host_class({"tier": "gold"}, {DEFAULT: "true"}))
    before["metadata"]["annotations"]["note"] = "mine"
    write = RULES.next_write(host_class({"tier": "lead"}, allowVolumeExpansion=False), before)
    assert isinstance(write, Patch)
    assert write.body == {
        "metadata": {"uid": "v1", "labels": {"tier": "lead"}, "annotations": {DEFAULT: None}},
        "allowVolumeExpansion": False,
    }
