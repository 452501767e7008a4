import asyncio
from datetime import UTC, timedelta

import pytest

from kube.clock import SystemClock


def test_now_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.now() for _ in range(1000)]
    assert readings == sorted(readings)


def test_time_of_day_is_aware_of_being_utc_in_any_time_zone() -> None:
    assert SystemClock().utcnow().tzinfo is UTC
    assert SystemClock().utcnow().utcoffset() == timedelta(0)


async def test_sleep_lasts_as_long_as_now_says() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0.01)
    # The event loop rounds its timers down to the clock's resolution.
    assert clock.now() - before >= 0.01 - 0.001


async def test_timeout_ends_a_wait() -> None:
    with pytest.raises(TimeoutError):
        async with SystemClock().timeout(0.001):
            await asyncio.Event().wait()


async def test_timeout_of_none_never_comes() -> None:
    async with SystemClock().timeout(None) as limit:
        await asyncio.sleep(0)
    assert not limit.expired()
