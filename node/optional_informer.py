"""An informer for what the provider may not be allowed to read: with fewest rights it does without.

Promises: asks before it lists, so that a right which was never meant to be given costs one refused request in
`RECHECK_SECONDS`, and no error; a right given or taken later is noticed in that time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import random
from typing import Protocol

from kube.backoff import Backoff
from kube.clock import Clock
from kube.errors import ApiError, Forbidden
from node.host import Sight

RECHECK_SECONDS = 300.0
RETRIES = Backoff(base=1.0, cap=15.0)


class Followed(Protocol):
    """The informer."""

    @property
    def synced(self) -> bool: ...
    async def run(self) -> None: ...
    async def wait_synced(self) -> None: ...


class OptionalInformer:
    def __init__(
        self,
        informer: Followed,
        ask: Callable[[], Awaitable[object]],
        *,
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        """`ask` raises Forbidden if the informer would be refused; `on_change` hears that `sight` may be another."""
        self._informer = informer
        self._ask = ask
        self._clock = clock
        self._on_change = on_change
        self._forbidden = False

    @property
    def sight(self) -> Sight:
        if self._forbidden:
            return Sight.FORBIDDEN
        return Sight.VISIBLE if self._informer.synced else Sight.UNKNOWN

    async def run(self) -> None:
        """Follow whenever that is permitted, until cancelled."""
        async with asyncio.TaskGroup() as group:
            follows = False
            while True:
                self._forbidden = await self._is_forbidden()
                if not self._forbidden and not follows:
                    follows = True
                    group.create_task(self._informer.run())
                    group.create_task(self._tell_when_synced())
                self._on_change()
                await self._clock.sleep(RECHECK_SECONDS)

    async def _is_forbidden(self) -> bool:
        failures = 0
        while True:
            try:
                await self._ask()
            except Forbidden:
                return True
            except ApiError:
                failures += 1
                await self._clock.sleep(RETRIES.delay(failures, random))
            else:
                return False

    async def _tell_when_synced(self) -> None:
        await self._informer.wait_synced()
        self._on_change()
