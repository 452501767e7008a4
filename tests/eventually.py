"""Waiting in tests: with a limit, and with a word on what did not come."""

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], object], what: str, *, seconds: float = 30.0) -> None:
    """Return as soon as `condition` holds; fail with `what` was awaited, and the last thing seen, at the limit."""
    seen: object = None
    try:
        async with asyncio.timeout(seconds):
            while not (seen := condition()):  # noqa: ASYNC110 - what is awaited mostly happens in other processes
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {seconds:g} s for {what}; saw {seen!r}") from None
