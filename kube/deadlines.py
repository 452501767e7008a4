"""Deadlines of many short calls, with one timer of the event loop for all of them.

With a timer each, as `asyncio.timeout` has it, a call to a near API server would take a twentieth more CPU, and hardly
one of these timers ever rings. What happens when a deadline has come is left to `asyncio.Timeout`.
"""

import asyncio
from types import TracebackType


class Deadlines:
    """For use in one event loop."""

    def __init__(self) -> None:
        self._due: dict[asyncio.Timeout, float] = {}  # by the event loop's time
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> "Deadline":
        """End a block with a TimeoutError after so many seconds, `math.inf` included: `async with x.within(30)`."""
        return Deadline(self, seconds)

    def add(self, timeout: asyncio.Timeout, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._due[timeout] = when = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_at(when, self._ring)
        elif when < self._timer.when():
            self._timer.cancel()
            self._timer = loop.call_at(when, self._ring)

    def discard(self, timeout: asyncio.Timeout) -> None:
        self._due.pop(timeout, None)

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for timeout in [timeout for timeout, when in self._due.items() if when <= now]:
            self.discard(timeout)
            timeout.reschedule(now)
        self._timer = loop.call_at(min(self._due.values()), self._ring) if self._due else None


class Deadline:
    """A block that ends in time."""

    __slots__ = ("_deadlines", "_seconds", "_timeout")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._deadlines.add(self._timeout, self._seconds)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.discard(self._timeout)
        await self._timeout.__aexit__(kind, error, trace)
