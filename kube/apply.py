"""Makes an object what it should be, and makes no call when it is that already.

What was applied is remembered by its hash, in an annotation on the object. So whatever the server fills in and others
add (defaults, injected containers, labels) neither counts as a difference nor is fought over, a restart remembers as
much as there was to know, and a field that is no longer desired is taken away.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from kube.codec import Body
from kube.objects import Object
from kube.resources import Resource


class Applier(Protocol):
    """What this needs of the client."""

    async def apply(self, resource: Resource, body: Body, *, force: bool = False) -> Object: ...


async def apply_if_different(
    client: Applier, resource: Resource, desired: Mapping[str, Any], cached: Object | None, *, annotation: str
) -> Object:
    """Apply `desired` unless `cached` says that just this was applied before; return the object as it is then.

    `cached` is None if there is no such object. If there is, it must be ours: fields are taken over from whoever has
    set them. Raises Conflict or Invalid if it is no more the cached one but another of its name.
    """
    if cached is not None and is_applied(desired, cached, annotation=annotation):
        return cached
    uid = "" if cached is None else cached.uid
    return await client.apply(resource, applicable(desired, uid, annotation=annotation), force=True)


def is_applied(desired: Mapping[str, Any], obj: Object, *, annotation: str) -> bool:
    return obj.metadata.annotations.get(annotation) == digest_of(desired)


def applicable(desired: Mapping[str, Any], uid: str, *, annotation: str) -> dict[str, Any]:
    """Return `desired` with its hash, and as meant for the object of that UID alone if there is one."""
    metadata = dict(desired["metadata"])
    metadata["annotations"] = {**metadata.get("annotations", {}), annotation: digest_of(desired)}
    if uid:
        metadata["uid"] = uid
    return {**desired, "metadata": metadata}


def digest_of(desired: Mapping[str, Any]) -> str:
    """Return the same for the same content, in whatever order its fields are."""
    return hashlib.sha256(msgspec.json.encode(desired, order="deterministic")).hexdigest()[:32]
