"""Which write comes next for a pod: the decision that the pod reflector carries out.

Both functions look at both sides and at nothing else, and are asked again after every write and every change, until
they have nothing to say. `host` is whatever pod bears the virtual pod's host name. It has to be no older than our own
last write of it: a host pod that we just made and do not see yet must not be taken for gone.

    virtual pod         host pod              next
    -                   another's             nothing
    -                   ours                  delete it
    any                 its predecessor's     delete that first
    alive               another's             refuse
    alive, not started  -                     create it, or say why not
    alive, had started  -                     the virtual pod has failed
    alive               its own               change what has changed; carry the status up
    being deleted       its own               delete it with the tenant's grace period; carry the status up
    being deleted       -, or another's       finalize the virtual pod

An API server takes a pod away in two halves: it gives it a grace period of 0, then removes it. One that is killed in
between leaves the pod for good, until it is told again; so what was written once is written again if it is still there.
"""

from reflectors.translation.applied import difference
from reflectors.translation.context import Context
from reflectors.translation.json_values import Json, listed, mapped
from reflectors.translation.metadata import recorded
from reflectors.translation.pod_changes import next_change
from reflectors.translation.pod_endings import deleted_status, lost_status, refused_status
from reflectors.translation.pod_parts import changeable_parts
from reflectors.translation.pod_spec import KIND, translated
from reflectors.translation.pod_status import status_patch
from reflectors.translation.refusal import Refusal, refuse, too_much_text
from reflectors.translation.refusals import refusals
from reflectors.translation.waiting import missing_support
from reflectors.translation.writes import Create, Delete, Finalize, HostWrite, PatchStatus, Refuse, VirtualWrite


def next_host_write(virtual: Json | None, host: Json | None, context: Context) -> HostWrite | None:
    """Return the next write on the host; None when it is as the virtual pod wants it."""
    if host is None:
        return _creation(virtual, context) if virtual and _may_start(virtual) else None
    owner = recorded(host, KIND, context)
    if owner is None:
        return _hands_off(virtual, host)
    if virtual is None:
        # Whoever takes a pod away at once leaves its containers to the kubelet, which gives them their own time.
        return _deletion(host, 0, "its virtual pod is gone")
    if owner.uid != virtual["metadata"]["uid"]:
        return _deletion(host, 0, "its virtual pod was recreated")
    if _is_being_deleted(virtual):
        grace_period = virtual["metadata"].get("deletionGracePeriodSeconds") or 0
        return _deletion(host, grace_period, "its virtual pod is being deleted")
    return None if _is_being_deleted(host) else next_change(virtual, host, context)


def next_virtual_write(
    virtual: Json, host: Json | None, context: Context, refused: Refuse | None, *, now: str
) -> VirtualWrite | None:
    """Return the next write in the virtual cluster; None when the virtual pod says what is true.

    `refused`: why the host pod is not created, be it our verdict or the host's answer. `now` is in RFC 3339.
    """
    if host is not None and _is_of(virtual, host, context):
        body = status_patch(virtual, host, context, in_line=_is_in_line(virtual, host, context))
        return PatchStatus(body, "the host pod's status changed") if body else None
    if _is_being_deleted(virtual):
        return _finalization(virtual, now)
    if _may_start(virtual):
        return refused_status(virtual, refused, now) if refused else None
    return None if _has_ended(virtual) else lost_status(virtual, now)


def _creation(virtual: Json, context: Context) -> Create | Refuse:
    refused = [reason for reason in refusals(virtual, context) if _is_about_creation(reason)]
    missing = [reason for reason in missing_support(virtual) if _is_about_creation(reason)]
    translation = translated(virtual, context)
    return (
        refuse(refused)
        or refuse(missing, "Waiting")
        or refuse(too_much_text(translation.pod))
        or Create(translation.pod, tuple(translation.lost))
    )


def _is_about_creation(refusal: Refusal) -> bool:
    """Whether it keeps the pod itself from being created: a pod is created without its ephemeral containers."""
    return not refusal.field.startswith("spec.ephemeralContainers")


def _hands_off(virtual: Json | None, host: Json) -> Refuse | None:
    if virtual is None or not _may_start(virtual):
        return None
    name, namespace = host["metadata"]["name"], host["metadata"]["namespace"]
    why = f"the host has a pod {namespace}/{name} already, which is not this one's"
    return refuse([Refusal("metadata.name", why, "ask whoever runs the host cluster to remove it")], "ForeignObject")


def _deletion(host: Json, grace_period: int, why: str) -> Delete | None:
    """Delete, or shorten the time that a pod which is being deleted has: it can only become shorter."""
    metadata = host["metadata"]
    has = metadata.get("deletionGracePeriodSeconds") or 0
    is_up_to_others = grace_period > 0 or listed(metadata, "finalizers")
    if _is_being_deleted(host) and has <= grace_period and is_up_to_others:
        return None
    return Delete(metadata["uid"], grace_period, why)


def _finalization(virtual: Json, now: str) -> VirtualWrite | None:
    metadata = virtual["metadata"]
    finalizers = listed(metadata, "finalizers")
    if finalizers and _has_started(virtual) and not _has_ended(virtual):
        # Somebody waits for this pod's end, a Job for one: without a final phase it would wait for ever.
        return deleted_status(virtual, now)
    # A grace period of 0 is what finalizing gives it: then it is up to others to let it go, if there are any.
    is_held = metadata.get("deletionGracePeriodSeconds") == 0 and finalizers
    return None if is_held else Finalize(metadata["uid"])


def _is_of(virtual: Json, host: Json, context: Context) -> bool:
    owner = recorded(host, KIND, context)
    return owner is not None and owner.uid == virtual["metadata"]["uid"]


def _is_in_line(virtual: Json, host: Json, context: Context) -> bool:
    """Whether the host pod has all that the virtual pod asks for."""
    generation = virtual["metadata"].get("generation")
    if generation is None or generation == mapped(virtual, "status").get("observedGeneration"):
        return True  # it was found so before: comparing again is for what came since
    changes = difference(changeable_parts(virtual, context), host)
    asked = {container["name"] for container in listed(virtual["spec"], "ephemeralContainers")}
    present = {container["name"] for container in listed(host["spec"], "ephemeralContainers")}
    is_deleted_alike = not _is_being_deleted(virtual) or _is_being_deleted(host)
    return not changes.changed and not changes.removed and asked <= present and is_deleted_alike


def _may_start(virtual: Json) -> bool:
    return not (_is_being_deleted(virtual) or _has_started(virtual) or _has_ended(virtual))


def _is_being_deleted(pod: Json) -> bool:
    return pod["metadata"].get("deletionTimestamp") is not None


def _has_started(virtual: Json) -> bool:
    """Whether a kubelet of the host has had the pod: it says so first of all."""
    return mapped(virtual, "status").get("startTime") is not None


def _has_ended(virtual: Json) -> bool:
    return mapped(virtual, "status").get("phase") in {"Succeeded", "Failed"}
