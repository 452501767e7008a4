import asyncio
from datetime import timedelta

import pytest

from tests.virtual_clock import START, VirtualClock, settle


async def test_sleepers_wake_in_the_order_of_their_time() -> None:
    clock = VirtualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in [("c", 3), ("a", 1), ("later", 9), ("b", 2), ("also-b", 2)]:
            group.create_task(sleeper(name, seconds))
        await clock.advance(5)
        assert woken == [("a", 1), ("b", 2), ("also-b", 2), ("c", 3)]
        await clock.advance(5)
    assert woken[-1] == ("later", 9)
    assert clock.utcnow() == START + timedelta(seconds=10)


async def test_a_sleeper_that_sleeps_again_wakes_again_within_one_advance() -> None:
    clock = VirtualClock()
    woken: list[float] = []

    async def ticker() -> None:
        for _ in range(3):
            await clock.sleep(1)
            woken.append(clock.now())

    async with asyncio.TaskGroup() as group:
        group.create_task(ticker())
        await clock.advance(3)
    assert woken == [1, 2, 3]


async def test_a_timeout_ends_a_wait_at_its_time_and_not_before() -> None:
    clock = VirtualClock()

    async def give_up() -> float:
        with pytest.raises(TimeoutError):
            async with clock.timeout(2):
                await asyncio.Event().wait()
        return clock.now()

    async with asyncio.TaskGroup() as group:
        ended = group.create_task(give_up())
        await clock.advance(1.9)
        assert not ended.done()
        await clock.advance(1)
    assert ended.result() == 2


async def test_a_timeout_that_was_left_in_time_does_nothing() -> None:
    clock = VirtualClock()
    async with clock.timeout(1):
        await settle()
    await clock.advance(2)


async def test_nobody_wakes_during_a_jump() -> None:
    clock = VirtualClock()
    async with asyncio.TaskGroup() as group:
        sleeper = group.create_task(clock.sleep(1))
        await settle()
        clock.jump(10)
        await settle()
        assert not sleeper.done()
        await clock.advance(0)
    assert clock.now() == 10
