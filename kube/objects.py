"""A Kubernetes object of any kind, as cheap to hold by the ten thousand as its JSON.

Promises: `metadata` is typed; every other top-level field is the server's JSON, byte for byte, decoded only for
who asks, so that fields which this program has never heard of survive a copy; nothing here pins the buffer it was
read from, and nothing changes once made, so that all readers of a cache may share it. `metadata.managedFields` is
dropped on purpose: it is a quarter of a pod and nobody here reads it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, overload

import msgspec

T = TypeVar("T")


class Key(NamedTuple):
    """What tells two objects of one resource apart; the namespace of cluster-wide ones is empty."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class OwnerReference(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()


class Object(msgspec.Struct, frozen=True, gc=False):
    """One object; `fields` has what is beside apiVersion, kind and metadata: spec, status, data, ..."""

    api_version: str = ""
    kind: str = ""
    metadata: Metadata = Metadata()
    fields: Mapping[str, msgspec.Raw] = {}

    @property
    def key(self) -> Key:
        return Key(self.metadata.namespace, self.metadata.name)

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def namespace(self) -> str:
        return self.metadata.namespace

    @property
    def uid(self) -> str:
        return self.metadata.uid

    @property
    def resource_version(self) -> str:
        return self.metadata.resource_version

    def raw(self, field: str) -> bytes | None:
        """Return the field's JSON as the server sent it; None when it is absent."""
        value = self.fields.get(field)
        return None if value is None else bytes(value)

    @overload
    def decode(self, field: str) -> Any: ...
    @overload
    def decode(self, field: str, of: type[T]) -> T | None: ...
    def decode(self, field: str, of: Any = Any) -> Any:
        """Return a fresh value of the field, which the caller may change; None when it is absent."""
        value = self.fields.get(field)
        return None if value is None else msgspec.json.decode(value, type=of)

    def to_dict(self) -> dict[str, Any]:
        """Return a fresh dict of the whole object, to be edited and sent back."""
        return dict(self._items())

    def _items(self) -> Iterator[tuple[str, Any]]:
        if self.api_version:
            yield "apiVersion", self.api_version
        if self.kind:
            yield "kind", self.kind
        yield "metadata", msgspec.json.decode(msgspec.json.encode(self.metadata))
        for field, value in self.fields.items():
            yield field, msgspec.json.decode(value)


class StatusCause(msgspec.Struct, frozen=True, gc=False):
    reason: str = ""
    message: str = ""
    field: str = ""


class StatusDetails(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[StatusCause, ...] = ()
    retry_after_seconds: int = 0


class Status(msgspec.Struct, frozen=True, gc=False):
    """How an API server says why not (or, to a delete, that it is done)."""

    status: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: StatusDetails = StatusDetails()
