"""The objects of one collection as last seen, by key and by index; each update answers with what it changed.

Promises: an object that is already here (same UID, same resourceVersion) changes nothing; an update never spans two
lives of a name (recreated = deleted, then added); the indexes agree with the objects whenever a call has returned.
The objects are shared and immutable. No I/O, no waiting: safe to read from anywhere in the event loop's thread.
"""

from collections.abc import Callable, Iterable
from enum import Enum

import msgspec

from kube.objects import Key, Object


class ChangeKind(Enum):
    ADDED = "added"
    UPDATED = "updated"
    DELETED = "deleted"


_ADDED, _UPDATED, _DELETED = ChangeKind  # Python 3.11 takes long to find a member: here for each change


class Change(msgspec.Struct, frozen=True, gc=False):
    """What became of one object; for a deleted one `old` is its last known state."""

    kind: ChangeKind
    old: Object | None
    new: Object | None

    @property
    def object(self) -> Object:
        """The newest state there is."""
        known = self.new if self.new is not None else self.old
        assert known is not None, "a change is of something"  # noqa: S101 - for mypy: the constructors below ensure it
        return known

    @property
    def key(self) -> Key:
        return self.object.key

    @classmethod
    def added(cls, new: Object) -> "Change":
        return cls(_ADDED, None, new)

    @classmethod
    def updated(cls, old: Object, new: Object) -> "Change":
        return cls(_UPDATED, old, new)

    @classmethod
    def deleted(cls, old: Object) -> "Change":
        return cls(_DELETED, old, None)


Changes = tuple[Change, ...]


class Index:
    """Objects by the values that a pure function finds in them."""

    def __init__(self, values_of: Callable[[Object], Iterable[str]]) -> None:
        self._values_of = values_of
        self._objects: dict[str, dict[Key, Object]] = {}

    def get(self, value: str) -> list[Object]:
        return list(self._objects.get(value, {}).values())

    def add(self, key: Key, obj: Object) -> None:
        for value in self._values_of(obj):
            self._objects.setdefault(value, {})[key] = obj

    def discard(self, key: Key, obj: Object) -> None:
        for value in self._values_of(obj):
            holders = self._objects.get(value, {})
            holders.pop(key, None)
            if not holders:
                self._objects.pop(value, None)


class Store:
    def __init__(self) -> None:
        self._objects: dict[Key, Object] = {}
        self._indexes: dict[str, Index] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, key: Key) -> bool:
        return key in self._objects

    def get(self, key: Key) -> Object | None:
        return self._objects.get(key)

    def keys(self) -> list[Key]:
        return list(self._objects)

    def values(self) -> list[Object]:
        """All objects, those known longest first."""
        return list(self._objects.values())

    def oldest(self) -> Object | None:
        """The object known longest."""
        return next(iter(self._objects.values()), None)

    def add_index(self, name: str, values_of: Callable[[Object], Iterable[str]]) -> None:
        """Make `by_index(name, value)` find the objects for which `values_of`, a pure function, gives `value`."""
        if name in self._indexes:
            raise ValueError(f"index {name}: exists already")
        index = Index(values_of)
        for key, obj in self._objects.items():
            index.add(key, obj)
        self._indexes[name] = index

    def by_index(self, name: str, value: str) -> list[Object]:
        return self._indexes[name].get(value)

    def put(self, new: Object) -> Changes:
        """Hold `new` from now on."""
        key = new.key
        old = self._objects.get(key)
        if old is None:
            self._objects[key] = new
            for index in self._indexes.values():
                index.add(key, new)
            return (Change.added(new),)
        before, after = old.metadata, new.metadata
        if before.uid != after.uid:
            return *self.remove(old), *self.put(new)
        if before.resource_version == after.resource_version:
            return ()
        self._objects[key] = new
        for index in self._indexes.values():
            index.discard(key, old)
            index.add(key, new)
        return (Change.updated(old, new),)

    def remove(self, last: Object) -> Changes:
        """Forget the object of that key; `last` is its last known state."""
        key = last.key
        held = self._objects.pop(key, None)
        if held is None:
            return ()
        for index in self._indexes.values():
            index.discard(key, held)
        return (Change.deleted(last),)
