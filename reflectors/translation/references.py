"""Every other object that a pod refers to, and where in its spec it does.

Promises: a reference that is renamed is one that is reported, and the other way round, for both read the same table;
what is optional stays optional.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reflectors.translation.json_values import Draft, Json
from reflectors.translation.paths import CONTAINER_LISTS, Path, found, path


@dataclass(frozen=True, slots=True)
class Reference:
    kind: str
    name: str
    field: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    kind: str
    holder: Path  # of what has the name
    name: str = "name"


def _in_each_container(kind: str, holder: str) -> list[Place]:
    return [Place(kind, path(f"{containers}[].{holder}")) for containers in CONTAINER_LISTS]


PLACES = [
    *_in_each_container("ConfigMap", "env[].valueFrom.configMapKeyRef"),
    *_in_each_container("ConfigMap", "envFrom[].configMapRef"),
    *_in_each_container("Secret", "env[].valueFrom.secretKeyRef"),
    *_in_each_container("Secret", "envFrom[].secretRef"),
    Place("ConfigMap", path("volumes[].configMap")),
    Place("ConfigMap", path("volumes[].projected.sources[].configMap")),
    Place("Endpoints", path("volumes[].glusterfs"), "endpoints"),
    Place("PersistentVolumeClaim", path("volumes[].persistentVolumeClaim"), "claimName"),
    Place("Secret", path("imagePullSecrets[]")),
    Place("Secret", path("volumes[].azureFile"), "secretName"),
    Place("Secret", path("volumes[].cephfs.secretRef")),
    Place("Secret", path("volumes[].cinder.secretRef")),
    Place("Secret", path("volumes[].csi.nodePublishSecretRef")),
    Place("Secret", path("volumes[].flexVolume.secretRef")),
    Place("Secret", path("volumes[].iscsi.secretRef")),
    Place("Secret", path("volumes[].projected.sources[].secret")),
    Place("Secret", path("volumes[].rbd.secretRef")),
    Place("Secret", path("volumes[].scaleIO.secretRef")),
    Place("Secret", path("volumes[].secret"), "secretName"),
    Place("Secret", path("volumes[].storageos.secretRef")),
]


def references(spec: Json) -> list[Reference]:
    return [
        Reference(place.kind, holder[place.name], field, bool(holder.get("optional")))
        for place in PLACES
        for field, holder in _holders(spec, place)
    ]


def rename(spec: Draft, renamed: Callable[[str, str], str]) -> None:
    """Give every object that `spec` (a copy of the caller's own) refers to the name `renamed(kind, name)`."""
    for place in PLACES:
        for _, holder in _holders(spec, place):
            holder[place.name] = renamed(place.kind, holder[place.name])


def _holders(spec: Json, place: Place) -> Iterator[tuple[str, Any]]:
    return ((field, holder) for field, holder in found(spec, place.holder, "spec") if holder.get(place.name))
