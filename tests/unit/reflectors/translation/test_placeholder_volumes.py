from typing import Any

import pytest

from reflectors.translation.json_values import Draft, Json
from reflectors.translation.placeholder_volumes import (
    CreateVolume,
    DeleteVolume,
    PatchVolume,
    VolumeWrite,
    is_placeholder_of,
    is_provisional,
    next_volume_write,
)
from reflectors.translation.writes import Refuse
from tests.unit.reflectors.translation.pods import frozen

CLAIM: dict[str, Any] = {
    "metadata": {"namespace": "shop", "name": "data", "uid": "v1"},
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
}
PENDING: dict[str, Any] = {
    "metadata": {"namespace": "tenants", "name": "data-shop-demo-x"},
    "spec": {"storageClassName": "fast", "volumeMode": "Block"},
    "status": {"phase": "Pending"},
}
STATUS = {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}}
BOUND = PENDING | {"spec": {**PENDING["spec"], "volumeName": "disk-7"}, "status": STATUS}
LOST = BOUND | {"status": {"phase": "Lost"}}
AWAY = {"deletionTimestamp": "2026-11-22T10:00:00Z"}


def next_write(
    claim: Json | None,
    host: Json | None,
    volume: Json | None = None,
    *,
    policy: str | None = None,
    is_awaited: bool = False,
) -> VolumeWrite | None:
    frozen_volume = None if volume is None else frozen(volume)
    return next_volume_write(claim, host, frozen_volume, policy=policy, is_awaited=is_awaited)


def made(host: Json, *, policy: str | None = None, **metadata: Any) -> Draft:
    """The volume as the virtual API server has it once it is made."""
    write = next_write(CLAIM, host, policy=policy, is_awaited=True)
    assert isinstance(write, CreateVolume)
    identity = {"uid": "p1", "resourceVersion": "5", "finalizers": ["kubernetes.io/pv-protection"]}
    return write.body | {"metadata": {**write.body["metadata"], **identity, **metadata}}


def test_a_volume_says_what_the_hosts_claim_says() -> None:
    volume = made(BOUND, policy="Retain")
    assert volume["metadata"]["name"] == "pvc-v1"
    assert volume["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] == "k3k.io/host"
    assert volume["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "2Gi"},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": "shop",
            "name": "data",
            "uid": "v1",
        },
        "csi": {"driver": "host.k3k.io", "volumeHandle": "data-shop-demo-x"},
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "fast",
        "volumeMode": "Block",
    }


def test_a_provisional_volume_says_what_was_asked_for() -> None:
    volume = made(PENDING)
    assert is_provisional(volume)
    assert volume["spec"]["accessModes"] == ["ReadWriteMany"]
    assert volume["spec"]["capacity"] == {"storage": "1Gi"}


@pytest.mark.parametrize(
    ("claim", "host", "is_awaited", "is_made"),
    [
        pytest.param(CLAIM, None, True, False, id="no host claim yet"),
        pytest.param(CLAIM, PENDING, False, False, id="the host has not bound it"),
        pytest.param(CLAIM, PENDING, True, True, id="but a pod needs it to be scheduled"),
        pytest.param(CLAIM, BOUND, False, True, id="the host has bound it"),
        pytest.param(CLAIM, LOST, True, False, id="the host has lost it"),
        pytest.param(None, None, False, False, id="no claim"),
        pytest.param(CLAIM | {"metadata": {**CLAIM["metadata"], **AWAY}}, BOUND, True, False, id="it is going"),
        pytest.param(CLAIM | {"spec": {"volumeName": "mine"}}, BOUND, True, False, id="it has a volume of its own"),
    ],
)
def test_a_volume_is_made_when_it_is_due(
    claim: Json | None, host: Json | None, is_awaited: bool, is_made: bool
) -> None:
    assert isinstance(next_write(claim, host, is_awaited=is_awaited), CreateVolume) is is_made


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        pytest.param(None, "Delete", id="not known"),
        pytest.param("Delete", "Delete", id="deleted"),
        pytest.param("Recycle", "Delete", id="wiped"),
        pytest.param("Retain", "Retain", id="retained"),
    ],
)
def test_a_volume_is_as_lasting_as_the_hosts(policy: str | None, kept: str) -> None:
    assert made(BOUND, policy=policy)["spec"]["persistentVolumeReclaimPolicy"] == kept


def test_a_volume_that_is_as_it_should_be_is_left_alone() -> None:
    assert next_write(CLAIM, BOUND, made(BOUND, policy="Retain")) is None
    assert next_write(CLAIM, PENDING, made(PENDING)) is None


def test_a_provisional_volume_becomes_what_the_host_bound() -> None:
    write = next_write(CLAIM, BOUND, made(PENDING), policy="Retain")
    assert isinstance(write, PatchVolume)
    assert write.body == {
        "metadata": {
            "uid": "p1",
            "annotations": {"k3k.io/host-volume": "disk-7", "k3k.io/host-reclaim-policy": "Retain"},
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "2Gi"},
            "persistentVolumeReclaimPolicy": "Retain",
        },
    }


def test_a_tenant_cannot_retain_what_the_host_deletes() -> None:
    volume = made(BOUND, policy="Delete")
    volume["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
    write = next_write(CLAIM, BOUND, volume)
    assert isinstance(write, PatchVolume)
    assert write.body["spec"] == {"persistentVolumeReclaimPolicy": "Delete"}


ANOTHER = CLAIM | {"metadata": {**CLAIM["metadata"], "uid": "v2"}}


@pytest.mark.parametrize("claim", [pytest.param(None, id="gone"), pytest.param(ANOTHER, id="recreated")])
@pytest.mark.parametrize(
    ("volume", "write"),
    [
        pytest.param(made(BOUND), DeleteVolume("p1", "its claim is gone"), id="deleted"),
        pytest.param(made(BOUND, policy="Retain"), None, id="retained"),
        pytest.param(made(BOUND, **AWAY), None, id="on its way already"),
    ],
)
def test_a_volume_goes_with_its_claim_unless_the_host_retains_the_data(
    claim: Json | None, volume: Json, write: VolumeWrite | None
) -> None:
    assert next_write(claim, None, volume) == write


@pytest.mark.parametrize("host", [pytest.param(None, id="taken away"), pytest.param(LOST, id="lost its volume")])
def test_a_volume_whose_data_are_gone_goes_whatever_protects_it(host: Json | None) -> None:
    assert next_write(CLAIM, host, made(BOUND)) == DeleteVolume("p1", "its host claim is gone")
    going = made(BOUND, finalizers=["kubernetes.io/pv-protection", "mine.example/hold"], **AWAY)
    write = next_write(CLAIM, host, going)
    assert isinstance(write, PatchVolume)
    assert write.body["metadata"]["finalizers"] == ["mine.example/hold"]
    assert next_write(CLAIM, host, made(BOUND, finalizers=["mine.example/hold"], **AWAY)) is None


def test_a_provisional_volume_stays_for_the_next_host_claim() -> None:
    assert next_write(CLAIM, None, made(PENDING)) is None


def test_a_claim_that_is_being_deleted_is_not_lost() -> None:
    going = CLAIM | {"metadata": {**CLAIM["metadata"], **AWAY}}
    assert next_write(going, None, made(BOUND)) is None


def test_somebody_elses_volume_is_left_alone_and_told_of() -> None:
    foreign = {"metadata": {"name": "pvc-v1", "uid": "x"}, "spec": {"hostPath": {"path": "/"}}}
    assert isinstance(next_write(CLAIM, BOUND, foreign), Refuse)
    assert next_write(None, None, foreign) is None
    assert not is_placeholder_of(foreign, CLAIM)
