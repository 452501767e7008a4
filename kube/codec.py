"""The wire format: the only module that knows how JSON becomes objects and back.

Promises: what is handed out is copied, so that no page or stream buffer stays alive behind it; a null where a map or
a list should be is taken as empty, as Go does; what is no JSON object at all raises `DecodeError`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from kube.objects import Metadata, Object, Status

Body = bytes | Mapping[str, Any] | Sequence[Any] | Object
"""What a write accepts: an object in any form, a patch, or JSON that is encoded already."""


class DecodeError(ValueError):
    """The bytes are not what a Kubernetes API server sends."""


class EventType(StrEnum):
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    ERROR = "ERROR"


_ERROR = EventType.ERROR  # Python 3.11 takes long to find a member: here for each event


class WatchEvent(msgspec.Struct, frozen=True, gc=False):
    """One line of a watch; an ERROR has a `status` and an empty object."""

    type: EventType
    object: Object
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, or all of them: objects as they were at `resource_version`."""

    objects: Sequence[Object]
    resource_version: str
    continue_token: str = ""
    remaining: int | None = None


class _ListMetadata(msgspec.Struct, gc=False, rename="camel"):
    resource_version: str | None = ""
    continue_token: str | None = msgspec.field(name="continue", default="")
    remaining_item_count: int | None = None


_ABSENT = msgspec.Raw()


class _Common(msgspec.Struct, gc=False, rename="camel", forbid_unknown_fields=True):
    """What most kinds are made of, decoded in one pass; an object with anything else is decoded in two."""

    api_version: str = ""
    kind: str = ""
    metadata: Metadata = Metadata()
    spec: msgspec.Raw = _ABSENT
    status: msgspec.Raw = _ABSENT


T = TypeVar("T")


class _List(msgspec.Struct, Generic[T], gc=False, rename="camel"):
    api_version: str = ""
    kind: str = ""
    metadata: _ListMetadata = msgspec.field(default_factory=_ListMetadata)
    items: list[T] | None = None


class _Event(msgspec.Struct, Generic[T], gc=False):
    type: EventType
    object: T


_common = msgspec.json.Decoder(_Common)
_common_list = msgspec.json.Decoder(_List[_Common])
_common_event = msgspec.json.Decoder(_Event[_Common])
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(_List[msgspec.Raw])
_event = msgspec.json.Decoder(_Event[msgspec.Raw])
_metadata = msgspec.json.Decoder(Metadata)
_status = msgspec.json.Decoder(Status)
_text = msgspec.json.Decoder(str)
_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def decode_object(data: bytes) -> Object:
    try:
        return _decode(data)
    except _UNREADABLE as error:
        raise DecodeError(f"not a Kubernetes object: {error}") from error


def decode_list(data: bytes) -> Listing:
    try:
        page, objects = _decode_items(data)
    except _UNREADABLE as error:
        raise DecodeError(f"not a Kubernetes list: {error}") from error
    listed = page.metadata
    return Listing(objects, listed.resource_version or "", listed.continue_token or "", listed.remaining_item_count)


def decode_event(line: bytes | memoryview) -> WatchEvent:
    try:
        return _decode_event(line)
    except _UNREADABLE as error:
        raise DecodeError(f"not a watch event: {error}") from error


def decode_status(data: bytes | msgspec.Raw) -> Status | None:
    """Return the Status that the bytes are, None when they are anything else: a proxy's page, for one."""
    try:
        return _status.decode(_without_nulls(data))
    except _UNREADABLE:
        return None


def encode(body: Body) -> bytes:
    if isinstance(body, bytes):
        return body
    if isinstance(body, Object):
        whole = {"apiVersion": body.api_version, "kind": body.kind, "metadata": body.metadata, **body.fields}
        return _encoder.encode({field: value for field, value in whole.items() if value != ""})
    return _encoder.encode(body)


_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def _decode(data: bytes | msgspec.Raw) -> Object:
    try:
        return _from_common(_common.decode(data))
    except msgspec.ValidationError:
        return _from_fields(_fields.decode(data))


def _decode_items(data: bytes) -> tuple[_List[Any], list[Object]]:
    """Decode a list's items, which take apiVersion and kind from it: API servers do not repeat them."""
    try:
        common = _common_list.decode(data)
        inherited = sys.intern(common.api_version), sys.intern(common.kind.removesuffix("List"))
        return common, [_from_common(item, *inherited) for item in common.items or ()]
    except msgspec.ValidationError:
        page = _list.decode(data)
        inherited = page.api_version, page.kind.removesuffix("List")
        return page, [_from_fields(_fields.decode(item), *inherited) for item in page.items or ()]


def _decode_event(line: bytes | memoryview) -> WatchEvent:
    try:
        common = _common_event.decode(line)
        if common.type is not _ERROR:
            return WatchEvent(common.type, _from_common(common.object))
    except msgspec.ValidationError:
        pass
    event = _event.decode(line)
    if event.type is _ERROR:
        return WatchEvent(event.type, Object(), decode_status(event.object) or Status())
    return WatchEvent(event.type, _from_fields(_fields.decode(event.object)))


def _from_common(item: _Common, api_version: str = "", kind: str = "") -> Object:
    fields = {}
    if item.spec is not _ABSENT:
        fields["spec"] = item.spec.copy()
    if item.status is not _ABSENT:
        fields["status"] = item.status.copy()
    return Object(
        sys.intern(item.api_version) if item.api_version else api_version,
        sys.intern(item.kind) if item.kind else kind,
        item.metadata,
        fields,
    )


def _from_fields(fields: dict[str, msgspec.Raw], api_version: str = "", kind: str = "") -> Object:
    own_version, own_kind = fields.pop("apiVersion", None), fields.pop("kind", None)
    metadata = fields.pop("metadata", None)
    return Object(
        api_version if own_version is None else sys.intern(_text.decode(own_version)),
        kind if own_kind is None else sys.intern(_text.decode(own_kind)),
        Metadata() if metadata is None else _decode_metadata(metadata),
        {field: value.copy() for field, value in fields.items()},
    )


def _decode_metadata(data: msgspec.Raw) -> Metadata:
    try:
        return _metadata.decode(data)
    except msgspec.ValidationError:  # nulls are rare: what they cost is paid only where they are
        return _metadata.decode(_without_nulls(data))


def _without_nulls(data: bytes | msgspec.Raw) -> bytes:
    return _encoder.encode(_drop_nulls(_anything.decode(data)))


def _drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_drop_nulls(item) for item in value if item is not None]
    return {} if value is None else value
