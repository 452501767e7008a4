"""The virtual volume that stands for a host claim, so that the virtual claim can be bound, and pods be scheduled.

Nobody mounts it: pods are mounted the host claim. Promises: no two claims share one, however they are called, for it is
called after its claim's UID; it says what the host's claim says; it is there only while the host claim is, or while a
pod cannot be scheduled without it (see below); it goes with its claim, unless the host retains the data.

Where the host binds a claim only once a pod uses it, the virtual scheduler would wait for the volume, and the host for
the pod. Therefore, when a virtual pod waits to be scheduled, the volume is made before the host has bound its claim: it
is provisional, and says what was asked for until more is known.

    virtual claim      host claim             volume         next
    gone, or another   any                    ours           delete it, unless it is retained
    there              bound                  -              make it
    there              pending, pod waits     -              make it, provisionally
    there              bound or pending       ours           change what has changed
    bound              lost, or taken away    ours           delete it: then the claim is told to be lost
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from reflectors.translation.json_values import Draft, Json, is_said_alike, listed, mapped
from reflectors.translation.merging import merged
from reflectors.translation.metadata import DOMAIN, SYNC_SOURCE
from reflectors.translation.writes import Refuse

KIND = "PersistentVolume"
PROVISIONER = f"{DOMAIN}/host"  # nobody's; a volume that has one is left alone by the virtual cluster's own controllers
DRIVER = f"host.{DOMAIN}"
HOST_VOLUME = f"{DOMAIN}/host-volume"
HOST_POLICY = f"{DOMAIN}/host-reclaim-policy"

_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_PROTECTION = "kubernetes.io/pv-protection"
_FROM_HOST = ("accessModes", "capacity", "persistentVolumeReclaimPolicy")


@dataclass(frozen=True, slots=True)
class CreateVolume:
    body: Draft


@dataclass(frozen=True, slots=True)
class PatchVolume:
    body: Draft  # metadata.uid is in it
    why: str


@dataclass(frozen=True, slots=True)
class DeleteVolume:
    uid: str
    why: str


VolumeWrite: TypeAlias = CreateVolume | PatchVolume | DeleteVolume | Refuse


def next_volume_write(
    claim: Json | None, host: Json | None, volume: Json | None, *, policy: str | None, is_awaited: bool
) -> VolumeWrite | None:
    """Return the next write on the virtual volume; None if it is as it should be.

    `host`: the claim's own host claim. `volume`: what bears the volume's name. `policy`: what the host does with the
    data when its claim goes; None if we may not know. `is_awaited`: whether a pod cannot be scheduled without it.
    """
    if volume is not None and not _is_ours(volume):
        return _hands_off(volume) if claim is not None and host is not None else None
    if claim is None or (volume is not None and not is_placeholder_of(volume, claim)):
        return _removal(volume)
    if host is None or _phase(host) == "Lost":
        return None if volume is None or _is_being_deleted(claim) else _loss(volume)
    if volume is None:
        is_due = (_phase(host) == "Bound" or is_awaited) and not is_bound_elsewhere(claim)
        return CreateVolume(_volume(claim, host, policy)) if is_due and not _is_being_deleted(claim) else None
    # Also of one that is being deleted: it is protected as long as the claim has it, and says whether there are data.
    return _change(volume, _volume(claim, host, policy or _known_policy(volume)))


def volume_name(claim: Json) -> str:
    return f"pvc-{claim['metadata']['uid']}"


def is_placeholder_of(volume: Json, claim: Json) -> bool:
    reference = mapped(mapped(volume, "spec"), "claimRef")
    return _is_ours(volume) and reference.get("uid") == claim["metadata"]["uid"]


def is_provisional(volume: Json) -> bool:
    """Whether the host had bound the claim to nothing when it was last seen."""
    return not mapped(volume["metadata"], "annotations").get(HOST_VOLUME)


def is_bound_elsewhere(claim: Json) -> bool:
    """Whether the claim names, or was given, a volume of the tenant's."""
    return claim["spec"].get("volumeName") not in (None, "", volume_name(claim))


def _volume(claim: Json, host: Json, policy: str | None) -> Draft:
    spec, host_spec, host_status = claim["spec"], mapped(host, "spec"), mapped(host, "status")
    is_known = _phase(host) == "Bound"
    kept = "Retain" if policy == "Retain" else "Delete"  # what the host recycles is gone for the tenant
    annotations = {_PROVISIONED_BY: PROVISIONER}
    if is_known:
        annotations |= {HOST_VOLUME: host_spec.get("volumeName") or "", HOST_POLICY: kept}
    volume: Draft = {
        "accessModes": host_status["accessModes"] if is_known else spec["accessModes"],
        "capacity": host_status["capacity"] if is_known else {"storage": spec["resources"]["requests"]["storage"]},
        "claimRef": _reference(claim),
        "csi": {"driver": DRIVER, "volumeHandle": host["metadata"]["name"]},
        "persistentVolumeReclaimPolicy": kept,
        "storageClassName": host_spec.get("storageClassName") or "",
        "volumeMode": host_spec.get("volumeMode") or "Filesystem",
    }
    metadata = {"name": volume_name(claim), "labels": {SYNC_SOURCE: "host"}, "annotations": annotations}
    return {"apiVersion": "v1", "kind": KIND, "metadata": metadata, "spec": volume}


def _reference(claim: Json) -> Draft:
    metadata = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def _change(volume: Json, wanted: Json) -> PatchVolume | None:
    """Bring a volume in line with the host; a tenant who would retain what the host deletes must not be misled."""
    present, spec = volume["spec"], wanted["spec"]
    fields: dict[str, Any] = {
        field: merged(spec[field], present.get(field))
        for field in _FROM_HOST
        if not is_said_alike(present.get(field), spec[field])
    }
    noted, notes = mapped(volume["metadata"], "annotations"), wanted["metadata"]["annotations"]
    annotations = {key: value for key, value in notes.items() if noted.get(key) != value}
    if not fields and not annotations:
        return None
    metadata = {"uid": volume["metadata"]["uid"], **({"annotations": annotations} if annotations else {})}
    return PatchVolume({"metadata": metadata, **({"spec": fields} if fields else {})}, "the host's claim says so")


def _loss(volume: Json) -> VolumeWrite | None:
    """Take a volume away whose data are gone; what protects bound volumes from deletion protects nothing here."""
    metadata = volume["metadata"]
    if is_provisional(volume) and not _is_being_deleted(volume):
        return None  # there were no data yet
    if not _is_being_deleted(volume):
        return DeleteVolume(metadata["uid"], "its host claim is gone")
    finalizers = [name for name in listed(metadata, "finalizers") if name != _PROTECTION]
    if len(finalizers) == len(listed(metadata, "finalizers")):
        return None
    identity = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    return PatchVolume({"metadata": identity | {"finalizers": finalizers}}, "its host claim is gone")


def _removal(volume: Json | None) -> DeleteVolume | None:
    if volume is None or _is_being_deleted(volume):
        return None
    if volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain":
        return None
    return DeleteVolume(volume["metadata"]["uid"], "its claim is gone")


def _hands_off(volume: Json) -> Refuse:
    name = volume["metadata"]["name"]
    why = f"a PersistentVolume {name} is there already, which does not stand for this claim"
    return Refuse("ForeignObject", f"metadata.uid: {why}; remove it")


def _known_policy(volume: Json) -> str | None:
    policy: str | None = mapped(volume["metadata"], "annotations").get(HOST_POLICY)
    return policy


def _is_ours(volume: Json) -> bool:
    metadata = volume["metadata"]
    is_marked = mapped(metadata, "labels").get(SYNC_SOURCE) == "host"
    return is_marked and mapped(volume, "spec").get("csi", {}).get("driver") == DRIVER


def _phase(host: Json) -> str | None:
    phase: str | None = mapped(host, "status").get("phase")
    return phase


def _is_being_deleted(body: Json) -> bool:
    return body["metadata"].get("deletionTimestamp") is not None
