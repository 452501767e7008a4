"""Waiting in tests: with a limit, and with a word on what did not come."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], object], what: str, *, seconds: float = 30.0) -> None:
    """Return as soon as `condition` holds; fail with `what` was awaited, and the last thing seen, at the limit."""
    seen: object = None
    try:
        async with asyncio.timeout(seconds):
            while not (seen := condition()):  # noqa: ASYNC110 - what is awaited mostly happens in other processes
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {seconds:g} s for {what}; saw {seen!r}") from None


async def eventually_true(look: Callable[[], Awaitable[object]], what: str, *, seconds: float = 30.0) -> None:
    """The same, where looking takes its time."""
    seen: object = None
    try:
        async with asyncio.timeout(seconds):
            while not (seen := await look()):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited {seconds:g} s for {what}; saw {seen!r}") from None
