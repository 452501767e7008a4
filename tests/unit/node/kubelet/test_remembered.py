import asyncio

import pytest

from node.kubelet.remembered import Answer, Remembered
from tests.virtual_clock import VirtualClock, settle


class Oracle:
    """Answers with the number of times it was asked; waits for leave if told so."""

    def __init__(self, *, holds: float = 60.0) -> None:
        self.holds = holds
        self.asked = 0
        self.busy = 0
        self.busiest = 0
        self.leave = asyncio.Event()
        self.leave.set()

    async def __call__(self) -> Answer[int]:
        self.asked += 1
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await asyncio.sleep(0)
            await self.leave.wait()
        finally:
            self.busy -= 1
        return Answer(self.asked, self.holds)


def remembered(clock: VirtualClock, *, limit: int = 10, at_once: int = 10) -> Remembered[str, int]:
    return Remembered(clock, limit=limit, at_once=at_once)


async def test_an_answer_holds_for_its_time_and_not_longer() -> None:
    clock, oracle = VirtualClock(), Oracle(holds=10)
    known = remembered(clock)
    assert [await known.get("a", oracle) for _ in range(3)] == [1, 1, 1]
    clock.jump(9)
    assert await known.get("a", oracle) == 1
    clock.jump(1)
    assert await known.get("a", oracle) == 2


async def test_who_asks_the_same_at_the_same_time_gets_one_answer() -> None:
    oracle = Oracle()
    known = remembered(VirtualClock())
    assert await asyncio.gather(*(known.get("a", oracle) for _ in range(20))) == [1] * 20


async def test_no_more_than_a_few_questions_are_on_their_way() -> None:
    oracle = Oracle()
    known = remembered(VirtualClock(), at_once=3)
    await asyncio.gather(*(known.get(str(n), oracle) for n in range(20)))
    assert (oracle.asked, oracle.busiest) == (20, 3)


async def test_the_answers_used_last_are_held() -> None:
    oracle = Oracle()
    known = remembered(VirtualClock(), limit=2)
    for question in ("a", "b", "a", "c"):
        await known.get(question, oracle)
    assert len(known) == 2
    assert await known.get("a", oracle) == 1
    assert await known.get("b", oracle) == 4


async def test_a_failure_is_told_and_not_remembered() -> None:
    async def fail() -> Answer[int]:
        raise ConnectionError

    known = remembered(VirtualClock())
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await known.get("a", fail)
    assert await known.get("a", Oracle()) == 1
    assert known._turns == {}


async def test_who_leaves_while_asking_harms_nobody_who_waits() -> None:
    oracle = Oracle()
    oracle.leave.clear()
    known = remembered(VirtualClock())
    async with asyncio.TaskGroup() as group:
        first, second = (group.create_task(known.get("a", oracle)) for _ in range(2))
        await settle()
        first.cancel()
        await settle()
        oracle.leave.set()
    assert first.cancelled()
    assert second.result() == 2
    assert known._turns == {}
