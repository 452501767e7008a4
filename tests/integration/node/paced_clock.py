"""The system's clock at another speed: faster for what waits for half a minute, slower than a machine that is busy."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from kube.clock import SystemClock


@dataclass(frozen=True, slots=True)
class PacedClock:
    speed: float

    def now(self) -> float:
        return SystemClock().now() * self.speed

    def utcnow(self) -> datetime:
        return SystemClock().utcnow()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        return asyncio.timeout(None if seconds is None else seconds / self.speed)


FAST = PacedClock(5)
SLOW = PacedClock(0.3)
