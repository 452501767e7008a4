"""A queue of distinct keys in which partitions take turns, so that none waits for another's backlog.

Within a partition the first in is the first out.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class FairQueue(Generic[K]):
    def __init__(self, partition: Callable[[K], str]) -> None:
        self._partition = partition
        # OrderedDict, because taking the first of a plain dict again and again is quadratic.
        self._lanes: OrderedDict[str, OrderedDict[K, float]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, key: K, since: float) -> bool:
        """Queue `key`, waiting since then; False (and no change) if it is queued already."""
        lane = self._lanes.setdefault(self._partition(key), OrderedDict())
        if key in lane:
            return False
        lane[key] = since
        self._size += 1
        return True

    def pop(self) -> tuple[K, float] | None:
        """The next key and since when it waited; its partition goes to the end of the line."""
        if not self._lanes:
            return None
        partition, lane = self._lanes.popitem(last=False)
        taken = lane.popitem(last=False)
        if lane:
            self._lanes[partition] = lane
        self._size -= 1
        return taken

    def all_since(self, moment: float) -> None:
        """Let every key have waited since that moment only."""
        for lane in self._lanes.values():
            for key in lane:
                lane[key] = moment

    def oldest(self) -> float | None:
        """Since when the key that has waited longest is waiting."""
        return min((next(iter(lane.values())) for lane in self._lanes.values()), default=None)
