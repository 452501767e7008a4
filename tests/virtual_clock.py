"""A `Clock` whose time passes only when a test says so: sleepers wake in the order of their time, one by one."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


async def settle() -> None:
    """Let every task run until it waits for something other than the event loop."""
    # Only this private list knows whether anybody can still run; to yield a fixed number of times is slow and a guess.
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    for _ in range(100_000):
        if not ready:
            return
        await asyncio.sleep(0)
    raise AssertionError("some task keeps running without ever waiting")


class VirtualClock:
    def __init__(self) -> None:
        self._now = 0.0
        self._ticket = itertools.count()  # of two alarms at the same moment the older one rings first
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> float:
        return self._now

    def utcnow(self) -> datetime:
        return START + timedelta(seconds=self._now)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._ring_in(seconds, lambda: None if woken.done() else woken.set_result(None))
        await woken

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        if seconds is None or seconds <= 0:
            return asyncio.timeout(seconds)
        limit = asyncio.timeout(None)
        self._ring_in(seconds, lambda: _expire(limit))
        return limit

    async def advance(self, seconds: float) -> None:
        """Let time pass, with everybody who has to wake up on the way waking up in time."""
        await settle()
        until = self._now + seconds
        while self._alarms and self._alarms[0][0] <= until:
            when, _, ring = heapq.heappop(self._alarms)
            self._now = max(self._now, when)
            ring()
            await settle()
        self._now = until

    def jump(self, seconds: float) -> None:
        """Let time pass while nobody runs, as when the process is stopped; `advance(0)` wakes those who overslept."""
        self._now += seconds

    def _ring_in(self, seconds: float, ring: Callable[[], None]) -> None:
        heapq.heappush(self._alarms, (self._now + seconds, next(self._ticket), ring))


def _expire(limit: asyncio.Timeout) -> None:
    with suppress(RuntimeError):  # it was left before its time
        limit.reschedule(asyncio.get_running_loop().time())
