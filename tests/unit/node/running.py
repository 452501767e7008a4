"""Runs a part of the daemon for the length of a block, as the daemon would: until it is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def running(run: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Fail if it ends by anything but cancellation."""
    task = asyncio.create_task(run)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), task.exception()
