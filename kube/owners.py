"""Which object another one exists for: what Kubernetes' garbage collector goes by."""

from collections.abc import Mapping
from typing import Any

from kube.objects import Object


def owner_reference(owner: Object, *, controller: bool = True) -> dict[str, Any]:
    """Make the reference to an owner that is stored; as its controller, of which an object has at most one."""
    if not owner.uid:
        raise ValueError(f"{owner.kind} {owner.key} has no UID: only what the API server has stored can own something")
    whose = {"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid}
    return {**whose, "controller": True, "blockOwnerDeletion": True} if controller else whose


def owned(body: Mapping[str, Any], owner: Object) -> dict[str, Any]:
    """Return the body with `owner` as its controller, among whatever other owners it names.

    Raises ValueError where the garbage collector would delete the object at once, or its API server refuse it.
    """
    metadata = body["metadata"]
    if owner.namespace and metadata.get("namespace") != owner.namespace:
        raise ValueError(f"{owner.kind} {owner.key} cannot own what is outside its namespace: {_named(body)}")
    others = [other for other in metadata.get("ownerReferences", ()) if other["uid"] != owner.uid]
    if any(other.get("controller") for other in others):
        raise ValueError(f"{_named(body)} has another controller: {owner.kind} {owner.key} cannot be one too")
    return {**body, "metadata": {**metadata, "ownerReferences": [*others, owner_reference(owner)]}}


def is_owned_by(obj: Object, owner: Object) -> bool:
    """Tell whether this very owner is meant, not one of the same name before or after it."""
    return any(reference.uid == owner.uid for reference in obj.metadata.owner_references)


def _named(body: Mapping[str, Any]) -> str:
    metadata = body["metadata"]
    return f"{body.get('kind', 'object')} {metadata.get('namespace', '')}/{metadata.get('name', '')}"
