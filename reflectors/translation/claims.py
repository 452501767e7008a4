"""Claims: each is made again on the host, which binds it; the virtual one tells what the host made of it.

Promises: what goes down is what a tenant may ask of the host's storage, never the name of a volume, nor what the
virtual cluster's own controllers noted; only what Kubernetes lets change on a claim is changed. A claim that was bound
and whose host claim somebody took away is lost: an empty one is not made in its place.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from reflectors.translation.allow_list import Fields, LeftOut, Lost, Replaced, copied, known_part
from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, Json, is_said_alike, mapped
from reflectors.translation.merging import host_object, merged, next_copy_write
from reflectors.translation.metadata import recorded
from reflectors.translation.placeholder_volumes import (
    is_bound_elsewhere,
    is_placeholder_of,
    is_provisional,
    volume_name,
)
from reflectors.translation.references import references
from reflectors.translation.refusal import Refusal, refuse
from reflectors.translation.volumes import plain_spec
from reflectors.translation.writes import Create, HostWrite, PatchVirtual, Refuse

KIND = "PersistentVolumeClaim"

_CHANGEABLE = ("resources", "volumeAttributesClassName")
_STATUS_OF_HOST = (
    "accessModes",
    "allocatedResourceStatuses",
    "allocatedResources",
    "capacity",
    "conditions",
    "currentVolumeAttributesClassName",
    "modifyVolumeStatus",
)
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"  # how the class was named before there was a field
# What the virtual cluster's scheduler and controllers note on a claim: which volume it has, on which node it is used.
_VIRTUAL_NOTES = ("pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/")

SPEC: Fields = {
    **copied("accessModes storageClassName volumeAttributesClassName volumeMode", resources=copied("limits requests")),
    "dataSource": Replaced("the host claim of the claim it names"),
    "dataSourceRef": Replaced("the host claim of the claim it names"),
    "selector": LeftOut("refused: it selects volumes of the host"),
    "volumeName": LeftOut("says what the virtual cluster bound the claim to"),
}


class Volumes(Protocol):
    """The virtual volumes."""

    def volume(self, name: str) -> Json | None: ...


class NoVolumes:
    """For claims that are looked at before they have a volume."""

    def volume(self, _name: str) -> Json | None:
        return None


class ClaimRules:
    """`volumes` is live: a claim has to be looked at again when its volume comes or goes."""

    kind = KIND

    def __init__(self, context: Context, volumes: Volumes) -> None:
        self._context = context
        self._volumes = volumes

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        if virtual is not None and host is None and self._is_lost(virtual):
            why = "the host's claim was deleted, and its data with it"
            return Refuse("HostClaimLost", f"spec.volumeName: {why}; delete this claim, and make it again")
        if host is None:
            return next_copy_write(KIND, virtual, host, self._creation, self._context)
        if virtual is not None and is_bound_elsewhere(virtual) and mapped(host, "status").get("phase") != "Bound":
            return next_copy_write(KIND, None, host, self._changeable, self._context)  # deletes what nobody means
        return next_copy_write(KIND, virtual, host, self._changeable, self._context)

    def next_virtual_write(self, virtual: Json, host: Json | None, refused: Refuse | None) -> PatchVirtual | None:
        """Bind the claim to its volume, then tell what the host says of it.

        That it is bound is for the virtual cluster's own volume controller to find: it must have seen the volume first,
        or it takes the claim for lost.
        """
        del refused
        if host is None or not _is_of(virtual, host, self._context):
            return None
        volume = self._volumes.volume(volume_name(virtual))
        if not mapped(virtual, "spec").get("volumeName"):
            return _binding(virtual) if volume is not None and is_placeholder_of(volume, virtual) else None
        return _status(virtual, host) if mapped(virtual, "status").get("phase") == "Bound" else None

    def _is_lost(self, virtual: Json) -> bool:
        if not is_bound(virtual):
            return False
        volume = self._volumes.volume(volume_name(virtual))
        return volume is None or not is_provisional(volume)

    def _creation(self, virtual: Json) -> Create | Refuse:
        refused = refuse(list(_refusals(virtual)))
        if refused:
            return refused
        spec, lost = host_claim_spec(virtual, self._context)
        body = self._body(virtual, spec)
        return Create(body | {"spec": spec}, lost)

    def _changeable(self, virtual: Json) -> Create | Refuse:
        """Return the part of the host claim that can still change."""
        spec, lost = host_claim_spec(virtual, self._context)
        return Create(self._body(virtual, spec), lost)

    def _body(self, virtual: Json, spec: Json) -> Draft:
        changeable = {field: value for field, value in spec.items() if field in _CHANGEABLE}
        return host_object(_without_notes(virtual), "v1", KIND, self._context, spec=changeable)


def host_claim_spec(virtual: Json, context: Context) -> tuple[Draft, list[Lost]]:
    """Return the claim's spec for the host, and what it lacks."""
    metadata, asked = virtual["metadata"], mapped(virtual, "spec")
    spec, lost = known_part(asked, SPEC, "spec")
    for field in ("dataSource", "dataSourceRef"):
        source = asked.get(field)
        if source is not None:
            spec[field] = {"kind": KIND, "name": context.host_name(KIND, metadata["namespace"], source["name"])}
    named = mapped(metadata, "annotations").get(_CLASS_ANNOTATION)
    return ({"storageClassName": named} if named is not None else {}) | spec, lost


def claims_used_by(pod: Json) -> list[str]:
    """Return the names of a pod's claims, those that the virtual cluster makes for its ephemeral volumes included."""
    return [reference.name for reference in references(plain_spec(pod)) if reference.kind == KIND]


def is_bound(virtual: Json) -> bool:
    """Whether the claim has, in the virtual cluster, the volume that stands for its host claim."""
    return bool(mapped(virtual, "spec").get("volumeName") == volume_name(virtual))


def _binding(virtual: Json) -> PatchVirtual:
    metadata = virtual["metadata"]
    identity = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    return PatchVirtual({"metadata": identity, "spec": {"volumeName": volume_name(virtual)}}, "it has a volume")


def _status(virtual: Json, host: Json) -> PatchVirtual | None:
    told, true = mapped(virtual, "status"), mapped(host, "status")
    if true.get("phase") != "Bound":  # the host waits for a pod to use the claim, or has lost its volume
        return None
    changed: dict[str, Any] = {
        field: merged(true.get(field), told.get(field))
        for field in _STATUS_OF_HOST
        if not is_said_alike(told.get(field), true.get(field))
    }
    identity = {"uid": virtual["metadata"]["uid"]}
    return PatchVirtual({"metadata": identity, "status": changed}, "the host says so", "status") if changed else None


def _without_notes(virtual: Json) -> Json:
    metadata = virtual["metadata"]
    annotations = mapped(metadata, "annotations")
    kept = {key: value for key, value in annotations.items() if not key.startswith(_VIRTUAL_NOTES)}
    return {**virtual, "metadata": {**metadata, "annotations": kept}}


def _is_of(virtual: Json, host: Json, context: Context) -> bool:
    owner = recorded(host, KIND, context)
    return owner is not None and owner.uid == virtual["metadata"]["uid"]


def _refusals(virtual: Json) -> Iterator[Refusal]:
    spec = mapped(virtual, "spec")
    if spec.get("selector") is not None:
        yield Refusal("spec.selector", "it selects among volumes of the host, which are not known here", "leave it out")
    if is_bound_elsewhere(virtual):
        why = f'"{spec["volumeName"]}" is a volume of the virtual cluster alone, which no pod can mount'
        yield Refusal("spec.volumeName", why, "leave it out, and the host finds or makes a volume")
    for field in ("dataSource", "dataSourceRef"):
        yield from _source_refusals(spec.get(field), f"spec.{field}", virtual["metadata"]["namespace"])


def _source_refusals(source: Json | None, field: str, namespace: str) -> Iterator[Refusal]:
    if source is None:
        return
    if source.get("kind") != KIND or source.get("apiGroup"):
        yield Refusal(field, f"a {source.get('kind')} is not reflected to the host", f"name a {KIND}, or leave it out")
    elif source.get("namespace") not in (None, "", namespace):
        yield Refusal(
            f"{field}.namespace", "another namespace's claim is not copied here", "name one of this namespace"
        )
