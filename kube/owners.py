"""Which object another one exists for: what Kubernetes' garbage collector goes by."""

from typing import Any

from kube.resources import Resource


def owner_reference(resource: Resource, name: str, uid: str, *, controller: bool = False) -> dict[str, Any]:
    """Make an entry of `metadata.ownerReferences`; an object is deleted when the last of its owners is gone.

    An owner has the namespace of what it owns, or none: for any other the garbage collector would delete the object.
    Only one owner may be the `controller`; being deleted in the foreground, it waits until the object is gone.
    Raises ValueError without a UID.
    """
    if not uid:
        raise ValueError(f"{resource.kind} {name} has no UID: only what the API server has stored can own something")
    whose = {"apiVersion": resource.api_version, "kind": resource.kind, "name": name, "uid": uid}
    return {**whose, "controller": True, "blockOwnerDeletion": True} if controller else whose
