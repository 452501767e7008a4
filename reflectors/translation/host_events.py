"""An event about a host object as one about its virtual object.

Promises: the same host event always becomes the same virtual event, so that telling it again is seen to be; texts name
the virtual object and what it refers to; what is only about the host's own placement is not told.
"""

from reflectors.translation.context import Context
from reflectors.translation.digests import digest
from reflectors.translation.json_values import Draft, Json, mapped
from reflectors.translation.wording import in_virtual_words

_LONGEST_NAME = 253
_LEFT_OUT_REASONS = frozenset({"Scheduled"})  # the virtual scheduler has said so, and of the node that tenants know
_COPIED = ("type", "reason", "message", "count", "firstTimestamp", "lastTimestamp", "eventTime", "series", "action")


def virtual_event(event: Json, virtual: Json, host: Json, context: Context) -> Draft | None:
    """Return what the tenant is told; None when the event is not about this host object, or is not for tenants."""
    about = mapped(event, "involvedObject")
    if about.get("uid") != host["metadata"]["uid"] or event.get("reason") in _LEFT_OUT_REASONS:
        return None
    metadata = virtual["metadata"]
    suffix = f".{digest('host event', event['metadata']['uid'])}"
    told: Draft = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": metadata["name"][: _LONGEST_NAME - len(suffix)].rstrip("-.") + suffix,
            "namespace": metadata["namespace"],
        },
        "involvedObject": {
            "apiVersion": about.get("apiVersion") or "v1",
            "kind": about["kind"],
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            **({"fieldPath": about["fieldPath"]} if about.get("fieldPath") else {}),
        },
        "source": _source(event, virtual),
        "reportingComponent": event.get("reportingComponent") or _source(event, virtual)["component"],
        "reportingInstance": _node(virtual),
        **{field: event[field] for field in _COPIED if event.get(field) is not None},
    }
    reworded: Draft = in_virtual_words(told, virtual, host, context)
    return reworded


def repetition(event: Json) -> Draft:
    """Return what changes when an event happens again."""
    return {field: event[field] for field in ("count", "lastTimestamp", "series") if event.get(field) is not None}


def _source(event: Json, virtual: Json) -> dict[str, str]:
    """Return who says so, at the virtual node: the host's nodes are none of the tenant's business."""
    said = mapped(event, "source")
    source = {"component": said.get("component") or event.get("reportingComponent") or "host"}
    if said.get("host"):
        source["host"] = _node(virtual)
    return source


def _node(virtual: Json) -> str:
    """Return the virtual node that a pod is on; empty for anything else."""
    return mapped(virtual, "spec").get("nodeName") or ""
