"""The keyed queue between informers and workers.

Promises:
- A key is queued once however often it is added, and never with two workers; added while one works on it, it comes
  again afterwards.
- No key is lost: a failed one comes again, for ever, later each time (`retry`) until `forget`.
- First adds do not wait. Partitions (say, namespaces) take turns, so that one that floods the queue delays only
  itself; within a partition keys come in the order in which they became ready.
- Standing still costs nothing: no task, no polling.
"""

import asyncio
import random as chance
from collections import Counter, deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Generic, TypeVar

from kube.backoff import Backoff
from kube.clock import Clock
from kube.delayed import Delayed
from kube.fair_queue import FairQueue

K = TypeVar("K", bound=Hashable)

RETRIES = Backoff(base=0.005, cap=60)


class WorkQueue(Generic[K]):
    def __init__(
        self,
        clock: Clock,
        *,
        partition: Callable[[K], str],
        backoff: Backoff = RETRIES,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self.clock = clock
        self._backoff = backoff
        self._random = random
        self._ready: FairQueue[K] = FairQueue(partition)
        self._delayed: Delayed[K] = Delayed()
        self._running: dict[K, float] = {}  # how long each had waited
        self._again: set[K] = set()  # added while running
        self._rests = False
        self._failures: Counter[K] = Counter()
        self._waiters: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        """How many keys could be taken now; those that run or are due later do not count."""
        return len(self._ready)

    def add(self, key: K) -> None:
        if key in self._running:
            self._again.add(key)
        elif self._ready.push(key, self.clock.now()):
            self._wake_one()

    def add_after(self, key: K, seconds: float) -> None:
        """Add `key` then. Of several such times the earliest counts; adding it before then leaves the time standing."""
        due = self.clock.now() + seconds
        if self._delayed.put(key, due) and self._delayed.next_due() == due:
            # One waiter that knows of it is enough: it waits on at the end of the line, to be called away last.
            self._wake_one()

    def retry(self, key: K) -> float:
        """Add a key that failed after its back-off, which is returned."""
        self._failures[key] += 1
        delay = self._backoff.delay(self._failures[key], self._random)
        self.add_after(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """The key is well: its next failure counts as the first."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """How often in a row the key has failed."""
        return self._failures[key]

    def begin(self) -> None:
        """Somebody takes keys from now on: what lay here while nobody did, as in a standby, begins to wait now."""
        self._rests = False
        self._ready.all_since(self.clock.now())

    def rest(self) -> None:
        """Nobody takes keys until `begin`: what lies here does not wait for anything that is late."""
        self._rests = True

    async def get(self) -> K:
        """The next key. It is the caller's alone until `done(key)`."""
        while (key := self.take()) is None:
            await self._change()
        return key

    def take(self) -> K | None:
        """The next key as of `get`, or None if there is none at the moment."""
        for due in self._delayed.pop_due(self.clock.now()):
            self.add(due)
        taken = self._ready.pop()
        if taken is None:
            return None
        key, since = taken
        self._running[key] = self.clock.now() - since
        return key

    def done(self, key: K) -> None:
        """The caller of `get` has finished with the key, however it ended."""
        del self._running[key]
        if key in self._again:
            self._again.remove(key)
            self.add(key)

    def waited(self, key: K) -> float:
        """For how many seconds a key that is running now was ready before."""
        return self._running[key]

    def oldest_age(self) -> float:
        """For how many seconds the oldest of the ready keys has been so; 0 if there is none, or nobody takes any."""
        since = self._ready.oldest()
        return 0.0 if since is None or self._rests else self.clock.now() - since

    async def _change(self) -> None:
        """Wait until a key may have become ready."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            with suppress(TimeoutError):
                async with self.clock.timeout(self._until_next_due()):
                    await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake_one()  # somebody else has to take what this waiter was woken for
            raise
        finally:
            with suppress(ValueError):
                self._waiters.remove(waiter)

    def _until_next_due(self) -> float | None:
        due = self._delayed.next_due()
        return None if due is None else due - self.clock.now()

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
