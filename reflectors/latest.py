"""The newest that is known of an object: what the informer has, or what our own last write returned if that is newer.

Between a write and the watch event that tells of it, the cache is behind. Deciding from it would write again what has
just been written, so what a write returned is believed until the watch has come as far. It often has when the answer
arrives: then the cache is the newer one, and the object may be another, or gone.
"""

from collections.abc import Callable

from kube.informer import Informer
from kube.objects import Key, Object
from kube.watching import is_older


class Latest:
    """A view of one informer's store; `followed` is the resourceVersion up to which that store is true."""

    def __init__(self, cached: Callable[[Key], Object | None], followed: Callable[[], str]) -> None:
        self._cached = cached
        self._followed = followed
        self._written: dict[Key, Object] = {}

    @classmethod
    def of(cls, informer: Informer) -> "Latest":
        return cls(informer.store.get, lambda: informer.last_resource_version)

    def get(self, key: Key) -> Object | None:
        """The object as last seen or written; None when there is none."""
        written = self._written.get(key)
        if written is not None:
            if is_older(self._followed(), written.resource_version):
                return written
            del self._written[key]
        return self._cached(key)

    def wrote(self, result: Object) -> None:
        """Remember what a write of ours made of an object."""
        self._written[result.key] = result

    def forget(self, key: Key) -> None:
        """Believe the cache: nothing is left to decide about this object."""
        self._written.pop(key, None)
