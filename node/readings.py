"""What was read from each object of a collection; only a reading that differs is news.

Nodes send heartbeats and quotas count pods all day long: most changes of an object change nothing that is read here.
"""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from kube.objects import Key, Object
from kube.store import Change

T = TypeVar("T")


class Readings(Generic[T]):
    """A handler for an informer."""

    def __init__(self, read: Callable[[Object], T], on_news: Callable[[], None]) -> None:
        self._read = read
        self._on_news = on_news
        self._known: dict[Key, T] = {}

    @property
    def known(self) -> Mapping[Key, T]:
        return self._known

    def on_change(self, change: Change) -> None:
        if change.new is None:
            self._known.pop(change.key, None)
            self._on_news()
            return
        reading = self._read(change.new)
        if change.key not in self._known or self._known[change.key] != reading:
            self._known[change.key] = reading
            self._on_news()
