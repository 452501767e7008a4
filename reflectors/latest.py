"""The newest that is known of an object: what the informer has, or what our own last write returned if that is newer.

Between a write and the watch event that tells of it, the cache is behind. Deciding from it would write again what has
just been written, so what a write returned is believed until the cache moves on.
"""

from collections.abc import Callable

from kube.objects import Key, Object


class Latest:
    """A view of one informer's store."""

    def __init__(self, cached: Callable[[Key], Object | None]) -> None:
        self._cached = cached
        self._written: dict[Key, tuple[str, Object | None]] = {}

    def get(self, key: Key) -> Object | None:
        """The object as last seen or written; None when there is none."""
        cached = self._cached(key)
        written = self._written.get(key)
        if written is None:
            return cached
        if _version(cached) == written[0]:
            return written[1]
        del self._written[key]
        return cached

    def wrote(self, key: Key, result: Object | None) -> None:
        """Remember what a write of ours made of the object; None when it is gone."""
        self._written[key] = (_version(self._cached(key)), result)

    def forget(self, key: Key) -> None:
        """Believe the cache: nothing is left to decide about this object."""
        self._written.pop(key, None)


def _version(obj: Object | None) -> str:
    return "" if obj is None else f"{obj.uid}/{obj.resource_version}"
