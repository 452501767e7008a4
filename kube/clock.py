"""Time, handed in: whoever waits, measures or stamps takes a `Clock`, so that tests decide what time it is."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since some fixed moment; goes on while the process is stopped or the machine sleeps."""

    def utcnow(self) -> datetime:
        """The time of day, aware of being UTC: for what others read, never to measure with."""

    async def sleep(self, seconds: float) -> None: ...

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """`asyncio.timeout` by this clock."""


class SystemClock:
    def now(self) -> float:
        # Not time.monotonic: that one stands still while the machine is suspended, and leases do not.
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def utcnow(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        return asyncio.timeout(seconds)
