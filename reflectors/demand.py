"""Which objects are asked for, and by whom: of kinds that are copied on demand, only these reach the host.

Promises: an object is asked for as long as at least one asker names it, in whatever order askers come, change their
minds and go; who listens hears of the first ask and of the end of the last, once each.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kube.objects import Key


class Named(NamedTuple):
    """An object, be it the one that asks or the one that is asked for."""

    kind: str
    key: Key


Wake = Callable[[Key], None]


class Demand:
    def __init__(self) -> None:
        self._asked: dict[Named, frozenset[Named]] = {}
        self._askers: dict[Named, set[Named]] = {}
        self._listeners: dict[str, tuple[Wake, ...]] = {}

    def ask(self, asker: Named, asked: Iterable[Named]) -> None:
        """Replace whatever `asker` asked for before."""
        before, after = self._asked.pop(asker, frozenset()), frozenset(asked)
        if after:
            self._asked[asker] = after
        for one in after - before:
            self._add(asker, one)
        for one in before - after:
            self._discard(asker, one)

    def is_asked(self, kind: str, key: Key) -> bool:
        return Named(kind, key) in self._askers

    def askers(self, kind: str, key: Key, *, of: str) -> list[Key]:
        """Return those of kind `of` that ask for this object."""
        return [asker.key for asker in self._askers.get(Named(kind, key), ()) if asker.kind == of]

    def listen(self, kind: str, wake: Wake) -> None:
        """Have `wake` called for each object of that kind that is now asked for, or no more."""
        self._listeners[kind] = (*self._listeners.get(kind, ()), wake)

    def _add(self, asker: Named, asked: Named) -> None:
        askers = self._askers.setdefault(asked, set())
        askers.add(asker)
        if len(askers) == 1:
            self._tell(asked)

    def _discard(self, asker: Named, asked: Named) -> None:
        askers = self._askers[asked]
        askers.discard(asker)
        if not askers:
            del self._askers[asked]
            self._tell(asked)

    def _tell(self, asked: Named) -> None:
        for wake in self._listeners.get(asked.kind, ()):
            wake(asked.key)
