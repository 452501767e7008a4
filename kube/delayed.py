"""Keys that are due at a later time, each once: of several times for a key the earliest counts."""

import heapq
import itertools
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Delayed(Generic[K]):
    def __init__(self) -> None:
        self._due: dict[K, float] = {}
        # Times that were replaced by an earlier one stay in the heap until their turn comes; the ticket keeps
        # keys of the same time in order and out of the comparison.
        self._heap: list[tuple[float, int, K]] = []
        self._ticket = itertools.count()

    def put(self, key: K, due: float) -> bool:
        """Have `key` come out at `due`; False (and no change) if it does so earlier anyway."""
        if due >= self._due.get(key, float("inf")):
            return False
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._ticket), key))
        return True

    def next_due(self) -> float | None:
        while self._heap and self._is_replaced(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> Iterator[K]:
        """Those whose time has come, in the order of their times."""
        while (due := self.next_due()) is not None and due <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._due[key]
            yield key

    def _is_replaced(self, entry: tuple[float, int, K]) -> bool:
        due, _, key = entry
        return self._due.get(key) != due
