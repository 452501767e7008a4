import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from kube.duties import Duties, always
from tests.virtual_clock import settle


class Work:
    """Says when it is done, and goes on when it is cancelled until it may stop."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.may_stop = asyncio.Event()
        self.may_stop.set()

    async def run(self) -> None:
        self.said.append("begins")
        try:
            await asyncio.Event().wait()
        finally:
            await self.may_stop.wait()
            self.said.append("has stopped")


@asynccontextmanager
async def working(*runs: Callable[[], Awaitable[None]]) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.ensure_future(_awaited(run)) for run in runs]
    await settle()
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _awaited(run: Callable[[], Awaitable[None]]) -> None:
    await run()


@asynccontextmanager
async def term(duties: Duties) -> AsyncIterator[asyncio.Task[None]]:
    async with working(duties.lead) as (lead,):
        yield lead


async def test_work_is_done_in_each_term_and_not_between_them() -> None:
    duties, work = Duties(), Work()
    async with working(lambda: duties.whenever_leading(work.run)):
        assert work.said == []
        async with term(duties):
            assert work.said == ["begins"]
        assert work.said == ["begins", "has stopped"]
        async with term(duties):
            assert work.said == ["begins", "has stopped", "begins"]
    assert work.said == ["begins", "has stopped"] * 2


async def test_work_that_comes_while_this_process_leads_begins_at_once() -> None:
    duties, work = Duties(), Work()
    async with term(duties), working(lambda: duties.whenever_leading(work.run)):
        assert work.said == ["begins"]


async def test_a_term_lasts_until_all_work_has_stopped() -> None:
    duties, quick, slow = Duties(), Work(), Work()
    slow.may_stop.clear()
    async with (
        working(lambda: duties.whenever_leading(quick.run), lambda: duties.whenever_leading(slow.run)),
        term(duties) as lead,
    ):
        lead.cancel()
        await settle()
        assert quick.said == ["begins", "has stopped"]
        assert not lead.done()
        slow.may_stop.set()
        await settle()
        assert lead.cancelled()


async def test_a_term_lasts_until_work_has_stopped_that_was_cancelled_with_its_part() -> None:
    duties, work = Duties(), Work()
    work.may_stop.clear()
    async with term(duties) as lead, working(lambda: duties.whenever_leading(work.run)) as (part,):
        part.cancel()
        lead.cancel()
        await settle()
        assert not lead.done()
        work.may_stop.set()
        await settle()
        assert lead.cancelled()


@pytest.mark.parametrize("turns", range(6))
async def test_a_term_that_is_over_as_soon_as_it_began_leaves_no_work_behind(turns: int) -> None:
    duties, work = Duties(), Work()
    async with working(lambda: duties.whenever_leading(work.run)):
        lead = asyncio.ensure_future(duties.lead())
        for _ in range(turns):
            await asyncio.sleep(0)
        lead.cancel()
        await asyncio.wait([lead])
        done = list(work.said)
        assert done in ([], ["begins", "has stopped"])
        await settle()
        assert work.said == done


async def test_what_work_raises_is_raised_by_the_part_that_runs_it() -> None:
    async def fails() -> None:
        raise ValueError("broken")

    duties = Duties()
    async with term(duties), working(lambda: duties.whenever_leading(fails)) as (part,):
        await settle()
        with pytest.raises(ExceptionGroup) as raised:
            await part
    assert raised.group_contains(ValueError, match="broken")


async def test_a_program_that_runs_only_once_does_its_work_always() -> None:
    work = Work()
    async with working(lambda: always(work.run)):
        assert work.said == ["begins"]
