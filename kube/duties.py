"""Work that is done only while this process leads, by parts that live longer than that.

    duties = Duties()
    group.create_task(elector.run(duties.lead))
    group.create_task(duties.whenever_leading(reconciler.run))  # and informers beside it, always

Promises: work begins when this process comes to lead, and whenever it does so again; it is cancelled when it leads no
more, and has stopped when `lead` returns, so that an elector keeps its lease until then. What work raises is raised
by the task that runs it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]
WheneverLeading = Callable[[Work], Coroutine[Any, Any, None]]
"""Runs what may be begun, cancelled and begun again."""


async def always(work: Work) -> None:
    """For programs that run only once."""
    await work()


class Duties:
    def __init__(self) -> None:
        self._begin, self._end, self._rest = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._end.set()
        self._rest.set()
        self._at_work = 0

    async def lead(self) -> None:
        """Have all work done until cancelled; returns when it has stopped."""
        self._end.clear()
        self._begin.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._begin.clear()
            self._end.set()
            await self._rest.wait()

    async def whenever_leading(self, work: Work) -> None:
        """Do this work in each term."""
        while True:
            await self._begin.wait()
            with self._working():
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(work())
                    await self._end.wait()
                    task.cancel()

    @contextmanager
    def _working(self) -> Iterator[None]:
        self._at_work += 1
        self._rest.clear()
        try:
            yield
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._rest.set()
