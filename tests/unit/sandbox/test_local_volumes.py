from pathlib import Path
from typing import Any

import msgspec
import pytest

from kube.codec import decode_object
from kube.objects import Key, Object
from kube.reconciler import Refused
from sandbox.local_volumes import (
    PROVISIONED_BY,
    PROVISIONER,
    SELECTED_NODE,
    Grow,
    Reclaim,
    ReportGrowth,
    claim_of,
    growth,
    new_volume,
    reclaim,
    storage_class,
    wants_volume,
)

ROOT = Path("/volumes")
OLD_KEY, NEW_KEY = "volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"
ASKED = {NEW_KEY: PROVISIONER}
CHOSEN = {**ASKED, SELECTED_NODE: "node-1"}


def as_object(body: dict[str, Any]) -> Object:
    return decode_object(msgspec.json.encode(body))


CLASS = as_object(storage_class())


def claim(annotations: dict[str, str], *, size: str = "1Gi", reported: str = "", **spec: Any) -> Object:
    whole = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": "local",
    }
    return as_object(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"namespace": "shop", "name": "data", "uid": "u1", "annotations": annotations},
            "spec": whole | spec,
            "status": {"capacity": {"storage": reported}} if reported else {},
        }
    )


def volume(
    *, size: str = "1Gi", phase: str = "Bound", policy: str = "Delete", path: str = "/volumes/pvc-u1", owner: str = "u1"
) -> Object:
    return as_object(
        {
            "metadata": {"name": "pvc-u1", "uid": "v1", "annotations": {PROVISIONED_BY: PROVISIONER}},
            "spec": {
                "capacity": {"storage": size},
                "hostPath": {"path": path},
                "claimRef": {"namespace": "shop", "name": "data", "uid": owner},
                "persistentVolumeReclaimPolicy": policy,
            },
            "status": {"phase": phase},
        }
    )


OTHERS_VOLUME = as_object({"metadata": {"name": "pvc-u1"}, "spec": {}, "status": {"phase": "Released"}})


@pytest.mark.parametrize(
    ("asking", "wanted"),
    [
        pytest.param(claim({OLD_KEY: PROVISIONER}), True, id="asked as before 1.23"),
        pytest.param(claim({NEW_KEY: PROVISIONER}), True, id="asked as since 1.23"),
        pytest.param(claim({NEW_KEY: "example.com/other"}), False, id="somebody else's"),
        pytest.param(claim({}), False, id="not asked"),
        pytest.param(claim(ASKED, volumeName="pvc-u1"), False, id="has a volume"),
    ],
)
def test_a_volume_is_wanted_when_the_cluster_asks_us(asking: Object, wanted: bool) -> None:
    assert wants_volume(asking) is wanted


def test_a_volume_is_a_directory_on_the_chosen_node_bound_to_its_claim() -> None:
    made = new_volume(claim(CHOSEN), CLASS, root=ROOT)
    assert made is not None
    assert made.folder == Path("/volumes/pvc-u1")
    spec = made.volume["spec"]
    assert spec["hostPath"] == {"path": "/volumes/pvc-u1", "type": "Directory"}
    assert spec["claimRef"]["uid"] == "u1"
    assert spec["capacity"] == {"storage": "1Gi"}
    term = spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]
    assert (term["key"], term["values"]) == ("kubernetes.io/hostname", ["node-1"])


def test_the_same_claim_gets_the_same_volume_again() -> None:
    assert new_volume(claim(CHOSEN), CLASS, root=ROOT) == new_volume(claim(CHOSEN), CLASS, root=ROOT)


def test_nothing_is_made_before_the_consumer_has_a_node() -> None:
    assert new_volume(claim(ASKED), CLASS, root=ROOT) is None


def test_a_class_that_binds_at_once_needs_no_node_and_may_retain() -> None:
    other = as_object({**storage_class(), "volumeBindingMode": "Immediate", "reclaimPolicy": "Retain"})
    made = new_volume(claim(ASKED), other, root=ROOT)
    assert made is not None
    assert "nodeAffinity" not in made.volume["spec"]
    assert made.volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"volumeMode": "Block"}, r"spec\.volumeMode: Block .*; use Filesystem"),
        ({"selector": {"matchLabels": {"a": "b"}}}, r"spec\.selector: .*; remove it"),
        ({"dataSource": {"kind": "VolumeSnapshot", "name": "a"}}, r"spec\.dataSource: .*; remove it"),
    ],
)
def test_what_a_directory_cannot_be_is_refused_by_field(spec: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        new_volume(claim(CHOSEN, **spec), CLASS, root=ROOT)


BOUND = {"volumeName": "pvc-u1"}


@pytest.mark.parametrize(
    ("holder", "held", "step"),
    [
        pytest.param(claim(ASKED, size="1Gi", **BOUND), volume(), None, id="as asked"),
        pytest.param(claim(ASKED, size="1024Mi", **BOUND), volume(), None, id="the same in other units"),
        pytest.param(claim(ASKED, size="2Gi", **BOUND), volume(), Grow("pvc-u1", "v1", "2Gi"), id="asked for more"),
        pytest.param(
            claim(ASKED, size="2Gi", reported="1Gi", **BOUND), volume(size="2Gi"), ReportGrowth("2Gi"), id="has grown"
        ),
        pytest.param(claim(ASKED, size="2Gi", reported="2Gi", **BOUND), volume(size="2Gi"), None, id="all know"),
        pytest.param(claim(ASKED, size="1Mi", **BOUND), volume(), None, id="never smaller"),
        pytest.param(claim(ASKED, size="2Gi", **BOUND), volume(owner="u0"), None, id="bound to another claim"),
        pytest.param(claim(ASKED, size="2Gi", **BOUND), OTHERS_VOLUME, None, id="not our volume"),
        pytest.param(claim(ASKED, size="2Gi", **BOUND), None, None, id="volume not seen yet"),
    ],
)
def test_a_claim_that_asks_for_more_gets_it(
    holder: Object, held: Object | None, step: Grow | ReportGrowth | None
) -> None:
    assert growth(holder, held) == step


@pytest.mark.parametrize(
    ("left", "step"),
    [
        pytest.param(volume(phase="Released"), Reclaim(ROOT / "pvc-u1", "v1"), id="its claim is gone"),
        pytest.param(volume(phase="Bound"), None, id="in use"),
        pytest.param(volume(phase="Released", policy="Retain"), None, id="retained"),
        pytest.param(OTHERS_VOLUME, None, id="not ours"),
    ],
)
def test_a_volume_goes_with_its_claim_unless_retained(left: Object, step: Reclaim | None) -> None:
    assert reclaim(left, root=ROOT) == step


@pytest.mark.parametrize("path", ["/etc", "/volumes", "/volumes/../etc", "/volumes/pvc-u2"])
def test_no_directory_is_removed_but_the_volumes_own(path: str) -> None:
    with pytest.raises(Refused, match="remove its directory by hand"):
        reclaim(volume(phase="Released", path=path), root=ROOT)


def test_a_volume_leads_to_its_claim() -> None:
    assert claim_of(volume()) == Key("shop", "data")
    assert claim_of(OTHERS_VOLUME) is None
