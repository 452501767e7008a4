"""Answers that are remembered for a while, so that who asks often does not ask an API server as often.

Promises: at most `limit` answers are held, those used last; of one question at most one is on its way, and not more
than `at_once` of all; who is cancelled while asking harms nobody who waits for the same answer.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from kube.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Answer(Generic[V]):
    value: V
    holds: float  # seconds


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    takers: int = 0


class Remembered(Generic[K, V]):
    def __init__(self, clock: Clock, *, limit: int, at_once: int) -> None:
        self._clock = clock
        self._limit = limit
        self._answers: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._turns: dict[K, _Turn] = {}
        self._asking = asyncio.Semaphore(at_once)

    def __len__(self) -> int:
        return len(self._answers)

    async def get(self, question: K, ask: Callable[[], Awaitable[Answer[V]]]) -> V:
        """The answer that still holds, or what `ask` says now; what that raises is not remembered."""
        known = self._known(question)
        if known is None:
            async with self._turn(question):
                known = self._known(question)
                if known is None:
                    async with self._asking:
                        known = self._keep(question, await ask())
        return known[1]

    def _known(self, question: K) -> tuple[float, V] | None:
        known = self._answers.get(question)
        if known is None or known[0] <= self._clock.now():
            return None
        self._answers.move_to_end(question)
        return known

    def _keep(self, question: K, answer: Answer[V]) -> tuple[float, V]:
        known = self._answers[question] = (self._clock.now() + answer.holds, answer.value)
        self._answers.move_to_end(question)
        if len(self._answers) > self._limit:
            self._answers.popitem(last=False)
        return known

    @asynccontextmanager
    async def _turn(self, question: K) -> AsyncIterator[None]:
        turn = self._turns.setdefault(question, _Turn())
        turn.takers += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.takers -= 1
            if not turn.takers:
                del self._turns[question]
