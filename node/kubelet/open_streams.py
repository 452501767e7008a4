"""The streams that are open: not more than a given number, and none when the server has stopped."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiohttp import web


class OpenStreams:
    """Knows the tasks that handle streams; a stream ends when its task is cancelled."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[object]] = set()
        self._is_stopping = False
        self._all_ended = asyncio.Event()
        self._all_ended.set()

    def __len__(self) -> int:
        return len(self._tasks)

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count the running task while inside; raises HTTPServiceUnavailable when there are too many."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can handle a stream")
        if self._is_stopping:
            raise web.HTTPServiceUnavailable(text="this kubelet API is being stopped; try again")
        if len(self._tasks) >= self._limit:
            text = f"{self._limit} streams are open, and no more are allowed; end some, or try again later"
            raise web.HTTPServiceUnavailable(text=text, headers={"Retry-After": "1"})
        self._tasks.add(task)
        self._all_ended.clear()
        try:
            yield
        finally:
            self._tasks.discard(task)
            if not self._tasks:
                self._all_ended.set()

    async def drain(self, *, within: float) -> None:
        """Let no more begin, and wait until all have ended by themselves, but not for long."""
        self._is_stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._all_ended.wait()

    async def end_all(self) -> None:
        """Cancel all, and return when they have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
