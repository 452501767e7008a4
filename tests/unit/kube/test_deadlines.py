import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube.deadlines import Deadlines


async def wait(deadlines: Deadlines, seconds: float) -> None:
    async with deadlines.within(seconds):
        await asyncio.Event().wait()


@pytest.mark.parametrize("seconds", [-1, 0, 0.001])
async def test_ends_a_block_whose_time_is_up(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await wait(Deadlines(), seconds)


async def test_leaves_a_block_alone_that_ended_in_time() -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with Deadlines().within(0.001):
        pass
    await asyncio.sleep(0.005)
    assert faults == []


async def test_infinity_never_comes_and_keeps_no_other_from_coming() -> None:
    deadlines = Deadlines()
    async with deadlines.within(math.inf):
        with pytest.raises(TimeoutError):
            await wait(deadlines, 0.001)
        await asyncio.sleep(0.005)


async def test_an_error_of_the_block_is_its_own() -> None:
    with pytest.raises(ValueError, match="mine"):
        async with Deadlines().within(10):
            raise ValueError("mine")


async def test_somebody_elses_cancellation_stays_one() -> None:
    waiting = asyncio.create_task(wait(Deadlines(), 10))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_block_that_is_slow_to_end_is_told_once() -> None:
    deadlines, told = Deadlines(), 0

    async def slow() -> None:
        nonlocal told
        async with deadlines.within(0.001):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1
                with pytest.raises(TimeoutError):
                    await wait(deadlines, 0.005)
                raise

    with pytest.raises(TimeoutError):
        await slow()
    assert told == 1


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=20))
def test_each_of_many_blocks_ends(milliseconds: list[int]) -> None:
    async def all_of_them() -> list[BaseException | None]:
        deadlines = Deadlines()
        async with asyncio.timeout(10):
            waits = (wait(deadlines, limit / 1000) for limit in milliseconds)
            return await asyncio.gather(*waits, return_exceptions=True)

    assert [type(ended) for ended in asyncio.run(all_of_them())] == [TimeoutError] * len(milliseconds)
