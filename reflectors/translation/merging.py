"""Host objects that are no pods: how one is made from a virtual object, and kept in line with it.

Promises: what others add to a host object (labels, defaults, fields) stays; what the tenant took away goes; nothing is
written where nothing changed; an object that is not this virtual object's own is not touched.

    virtual object   host object         next
    -                another's           nothing
    -                ours                delete it
    any              its predecessor's   delete that first
    any              another's           refuse
    any              reserved for it     take it over; without a virtual object it stays
    any              -                   create it, or say why not
    any              its own             change what has changed
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reflectors.translation.applied import Part, Parts, difference, record
from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, Json, mapped
from reflectors.translation.metadata import APPLIED, host_annotations, host_labels, is_kept, recorded
from reflectors.translation.refusal import Refusal, refuse, too_much_text
from reflectors.translation.writes import Create, Delete, HostWrite, Patch, Refuse

_BY_KEY = ("labels", "annotations")
_OURS_ALONE = ("data", "binaryData")  # compared with the host's own: nobody else has a say in them
_HEAD = frozenset({"apiVersion", "kind", "metadata", "status", *_OURS_ALONE})


def host_object(virtual: Json, api_version: str, kind: str, context: Context, **fields: Any) -> Draft:
    """Return a host object of that kind with `fields`, its metadata taken from the virtual one; None is left out."""
    metadata = virtual["metadata"]
    body: Draft = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": context.host_name(kind, metadata["namespace"], metadata["name"]),
            "namespace": context.host_namespace,
            "labels": host_labels(virtual, context),
            "annotations": host_annotations(virtual),
        },
        **{field: value for field, value in fields.items() if value is not None},
    }
    body["metadata"]["annotations"][APPLIED] = record(_parts(body))
    return body


def next_copy_write(
    kind: str,
    virtual: Json | None,
    host: Json | None,
    desired: Callable[[Json], Create | Refuse],
    context: Context,
) -> HostWrite | None:
    """Return the next write of the table above; None when the host object is as `desired` says of the virtual one."""
    if host is None:
        return _made(virtual, desired) if virtual is not None and not _is_being_deleted(virtual) else None
    owner = recorded(host, kind, context)
    if owner is None:
        return None if virtual is None else _hands_off(kind, host)
    if virtual is None:
        return None if is_kept(host) else _deletion(host, "its virtual object is gone, or is not to be on the host")
    if owner.uid != virtual["metadata"]["uid"] and not is_kept(host):
        return _deletion(host, "its virtual object was recreated")
    if _is_being_deleted(host):
        return None
    wanted = _made(virtual, desired)
    return wanted if isinstance(wanted, Refuse) else next_merge(wanted.body, host)


def next_merge(desired: Draft, host: Json) -> Patch | None:
    """Return the smallest JSON merge patch that gives `host`, which is ours, all that `desired` has.

    Labels and annotations are compared by key; `data` and `binaryData` with what the host has; each field of `spec`
    and every other field with what was applied last.
    """
    wanted = _parts(desired)
    changes = difference(wanted, host)
    parts = changes.changed | changes.removed
    data = {field: _replacing(desired.get(field), host.get(field)) for field in _OURS_ALONE}
    data = {field: change for field, change in data.items() if change}
    if not parts and not data:
        return None
    metadata = host["metadata"]
    identity = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    body: Draft = {"metadata": identity, **data}
    _place(body, ("metadata", "annotations", APPLIED), record(wanted))
    for part in parts:
        path = ("metadata", *part) if part[0] in _BY_KEY else part
        _place(body, path, merged(wanted.get(part), _at(host, path)))
    return Patch(body, f"changed: {', '.join(sorted({'.'.join(part[:2]) for part in parts} | data.keys()))}")


def _made(virtual: Json, desired: Callable[[Json], Create | Refuse]) -> Create | Refuse:
    wanted = desired(virtual)
    return wanted if isinstance(wanted, Refuse) else refuse(too_much_text(wanted.body)) or wanted


def _parts(body: Json) -> Parts:
    parts: dict[Part, Any] = {
        (field, key): value
        for field in _BY_KEY
        for key, value in mapped(body["metadata"], field).items()
        if key != APPLIED
    }
    parts |= {("spec", field): value for field, value in mapped(body, "spec").items()}
    return parts | {(field,): value for field, value in body.items() if field not in _HEAD and field != "spec"}


def _replacing(wanted: Json | None, present: Json | None) -> Draft:
    """Return the merge patch that makes a map of plain values another."""
    wanted, present = wanted or {}, present or {}
    gone = dict.fromkeys(present.keys() - wanted.keys())
    return gone | {key: value for key, value in wanted.items() if key not in present or present[key] != value}


def merged(wanted: Any, present: Any) -> Any:
    """Return what a merge patch has to say for `wanted` to be all that there is."""
    if not isinstance(wanted, Mapping) or not isinstance(present, Mapping):
        return wanted
    return {**dict.fromkeys(present), **{key: merged(value, present.get(key)) for key, value in wanted.items()}}


def _at(body: Json, path: Iterable[str]) -> Any:
    value: Any = body
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _place(body: Draft, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        body = body.setdefault(name, {})
    body[path[-1]] = value


def _hands_off(kind: str, host: Json) -> Refuse | None:
    metadata = host["metadata"]
    why = f"the host has a {kind} {metadata['namespace']}/{metadata['name']} already, which is not this one's"
    remedy = "ask whoever runs the host cluster to remove it"
    return refuse([Refusal("metadata.name", why, remedy)], "ForeignObject")


def _deletion(host: Json, why: str) -> Delete | None:
    return None if _is_being_deleted(host) else Delete(host["metadata"]["uid"], 0, why)


def _is_being_deleted(body: Json) -> bool:
    return body["metadata"].get("deletionTimestamp") is not None
