"""The system's clock, some times as fast: for what waits for half a minute."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from kube.clock import SystemClock


@dataclass(frozen=True, slots=True)
class FastClock:
    speed: float

    def now(self) -> float:
        return SystemClock().now() * self.speed

    def utcnow(self) -> datetime:
        return SystemClock().utcnow()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        return asyncio.timeout(None if seconds is None else seconds / self.speed)
