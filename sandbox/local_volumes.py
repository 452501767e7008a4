"""Volumes that are directories of this machine: what to do for a claim or a volume, decided without doing it.

A volume is named after its claim's UID and is bound to it from the start, so that doing the same again after a crash
at any point makes nothing twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kube.objects import Key, Object
from kube.quantities import parse_quantity
from kube.reconciler import Refused

PROVISIONER = "sandbox.vk-provider.io/local"
CLASS_NAME = "local"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
WANTED_FROM = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")  # new, old
HOSTNAME = "kubernetes.io/hostname"

Json = dict[str, Any]


class Resources(msgspec.Struct, frozen=True):
    requests: Mapping[str, str] = {}


class ClaimSpec(msgspec.Struct, frozen=True, rename="camel"):
    access_modes: list[str] = []
    resources: Resources = Resources()
    storage_class_name: str = ""
    volume_mode: str = "Filesystem"
    volume_name: str = ""
    selector: Mapping[str, Any] | None = None
    data_source: Mapping[str, Any] | None = None

    @property
    def requested(self) -> str:
        return self.resources.requests.get("storage", "0")


class ClaimStatus(msgspec.Struct, frozen=True):
    capacity: Mapping[str, str] = {}


class HostPath(msgspec.Struct, frozen=True):
    path: str = ""


class ClaimRef(msgspec.Struct, frozen=True):
    namespace: str = ""
    name: str = ""
    uid: str = ""


class VolumeSpec(msgspec.Struct, frozen=True, rename="camel"):
    capacity: Mapping[str, str] = {}
    host_path: HostPath = HostPath()
    claim_ref: ClaimRef = ClaimRef()
    persistent_volume_reclaim_policy: str = ""


class VolumeStatus(msgspec.Struct, frozen=True):
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Provision:
    """Make the directory, then the volume."""

    folder: Path
    volume: Json


@dataclass(frozen=True, slots=True)
class Grow:
    """Say that the volume is larger now: a directory has no limit of its own."""

    volume: str
    uid: str
    storage: str


@dataclass(frozen=True, slots=True)
class ReportGrowth:
    """Tell the claim's owner how large the volume is now."""

    storage: str


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Remove the directory, then the volume."""

    folder: Path
    uid: str


def storage_class() -> Json:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS_NAME, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


def is_ours(volume: Object) -> bool:
    return volume.metadata.annotations.get(PROVISIONED_BY) == PROVISIONER


def volume_name(claim: Object) -> str:
    return f"pvc-{claim.uid}"


def claim_spec(claim: Object) -> ClaimSpec:
    return claim.decode("spec", ClaimSpec) or ClaimSpec()


def claim_of(volume: Object) -> Key | None:
    """The claim that the volume is bound to, or made for."""
    reference = (volume.decode("spec", VolumeSpec) or VolumeSpec()).claim_ref
    return Key(reference.namespace, reference.name) if reference.name else None


def wants_volume(claim: Object) -> bool:
    """Whether the cluster waits for us to make a volume for this claim."""
    asked = {claim.metadata.annotations.get(name) for name in WANTED_FROM}
    return PROVISIONER in asked and not claim_spec(claim).volume_name and claim.metadata.deletion_timestamp is None


def new_volume(claim: Object, storage_class: Object, *, root: Path) -> Provision | None:
    """What to make for a claim that wants a volume; None while its consumer has no node yet.

    Raises Refused for what a directory cannot be.
    """
    spec = claim_spec(claim)
    node = claim.metadata.annotations.get(SELECTED_NODE)
    if node is None and storage_class.decode("volumeBindingMode") == "WaitForFirstConsumer":
        return None
    _refuse_unsupported(spec)
    folder = root / volume_name(claim)
    policy = storage_class.decode("reclaimPolicy") or "Delete"
    return Provision(folder, _volume(claim, spec, folder=folder, policy=policy, node=node))


def growth(claim: Object, volume: Object | None) -> Grow | ReportGrowth | None:
    """What a claim that names `volume` needs next, whether it has asked for more space."""
    if volume is None or not is_ours(volume):
        return None
    held = volume.decode("spec", VolumeSpec) or VolumeSpec()
    if held.claim_ref.uid != claim.uid:
        return None
    size, requested = held.capacity.get("storage", "0"), claim_spec(claim).requested
    if parse_quantity(requested) > parse_quantity(size):
        return Grow(volume.name, volume.uid, requested)
    reported = (claim.decode("status", ClaimStatus) or ClaimStatus()).capacity.get("storage")
    if reported is not None and parse_quantity(reported) < parse_quantity(size):
        return ReportGrowth(size)
    return None


def reclaim(volume: Object, *, root: Path) -> Reclaim | None:
    """What to remove once the volume's claim is gone, unless its class said to retain it.

    Raises Refused for a directory that is not where we make them.
    """
    spec = volume.decode("spec", VolumeSpec) or VolumeSpec()
    status = volume.decode("status", VolumeStatus) or VolumeStatus()
    if not is_ours(volume) or status.phase != "Released" or spec.persistent_volume_reclaim_policy != "Delete":
        return None
    folder = root / volume.name
    if spec.host_path.path != str(folder):
        raise Refused(f"volume {volume.name}: spec.hostPath.path is not {folder}; remove its directory by hand")
    return Reclaim(folder, volume.uid)


def _refuse_unsupported(spec: ClaimSpec) -> None:
    if spec.volume_mode != "Filesystem":
        raise Refused(f"spec.volumeMode: {spec.volume_mode} is not possible with directories; use Filesystem")
    if spec.selector is not None:
        raise Refused("spec.selector: a new volume has no labels to select; remove it")
    if spec.data_source is not None:
        raise Refused("spec.dataSource: volumes are made empty here; remove it")


def _volume(claim: Object, spec: ClaimSpec, *, folder: Path, policy: str, node: str | None) -> Json:
    volume: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume_name(claim), "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "accessModes": spec.access_modes,
            "capacity": {"storage": spec.requested},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": claim.namespace,
                "name": claim.name,
                "uid": claim.uid,
            },
            "hostPath": {"path": str(folder), "type": "Directory"},
            "persistentVolumeReclaimPolicy": policy,
            "storageClassName": spec.storage_class_name,
        },
    }
    if node is not None:
        here = {"key": HOSTNAME, "operator": "In", "values": [node]}
        volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}}
    return volume
