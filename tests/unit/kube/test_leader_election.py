import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube.leader_election import LeaderElector, LeaseTiming, process_identity
from kube.lease import holding_of
from tests.unit.kube.lease_server import KEY, LeaseServer, Wire
from tests.virtual_clock import VirtualClock, settle


class Process:
    """One candidate, and what its `lead` did: `log` is shared by all processes."""

    def __init__(self, name: str, server: LeaseServer, log: list[str], dice: Callable[[], float] = lambda: 0) -> None:
        self.name = name
        self.clock = VirtualClock()
        self.wire = Wire(server, self.clock)
        self.elector = LeaderElector(self.wire, KEY, name, timing=LeaseTiming(clock=self.clock, random=dice))
        self.leads = False
        self._log = log

    async def lead(self) -> None:
        self._log.append(f"{self.name} starts")
        self.leads = True
        try:
            await asyncio.Event().wait()
        finally:
            self.leads = False
            self._log.append(f"{self.name} stops")


@asynccontextmanager
async def campaign(
    process: Process, lead: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(process.elector.run(lead or process.lead))
        await process.clock.advance(0.1)
        try:
            yield task
        finally:
            task.cancel()
            await process.clock.advance(5)


async def pass_time(seconds: float, *processes: Process) -> None:
    """Let time pass for all alike, in steps shorter than anything they wait for."""
    for _ in range(round(seconds * 10)):
        for process in processes:
            await process.clock.advance(0.1)


@pytest.fixture
def server() -> LeaseServer:
    return LeaseServer()


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def ours(server: LeaseServer, log: list[str]) -> Process:
    return Process("ours", server, log)


@pytest.fixture
def other(server: LeaseServer, log: list[str]) -> Process:
    return Process("other", server, log)


def holder(server: LeaseServer) -> str | None:
    return holding_of(server.read()).holder_identity


async def test_the_first_to_come_leads_and_the_second_waits(
    server: LeaseServer, ours: Process, other: Process, log: list[str]
) -> None:
    async with campaign(ours), campaign(other):
        await pass_time(60, ours, other)
        assert log == ["ours starts"]
        assert ours.elector.is_leader()
        assert not other.elector.is_leader()
        assert holder(server) == "ours"


async def test_a_holder_that_vanished_is_followed_when_its_lease_has_run_out(
    server: LeaseServer, ours: Process, log: list[str]
) -> None:
    server.create({"metadata": {"name": "leader"}, "spec": {"holderIdentity": "gone", "leaseDurationSeconds": 15}})
    async with campaign(ours):
        await pass_time(14.5, ours)
        assert log == []
        await pass_time(3, ours)
        assert log == ["ours starts"]
        assert holding_of(server.read()).lease_transitions == 1


async def test_a_clean_end_gives_the_lease_back_and_the_next_follows_within_the_retry_period(
    server: LeaseServer, ours: Process, other: Process, log: list[str]
) -> None:
    async with campaign(other):
        async with campaign(ours):
            await pass_time(5, other)
        assert log == ["other starts"]
    assert holder(server) == ""

    async with campaign(ours) as first, campaign(other):
        assert log[2:] == ["ours starts"]
        first.cancel()
        await pass_time(0.2, ours)
        assert holder(server) == ""
        await pass_time(2.1, other)
        assert log[2:] == ["ours starts", "ours stops", "other starts"]


async def test_the_lease_is_kept_while_lead_winds_down(server: LeaseServer, ours: Process) -> None:
    async def slow_to_stop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await ours.clock.sleep(60)

    async with campaign(ours, slow_to_stop) as run:
        run.cancel()
        await pass_time(59, ours)
        assert ours.elector.is_leader()
        assert holder(server) == "ours"
        await pass_time(2, ours)
        assert run.cancelled()
        assert holder(server) == ""


@pytest.mark.parametrize("state", ["cut", "silent"])
async def test_a_leader_that_cannot_renew_stops_before_its_lease_runs_out(
    server: LeaseServer, ours: Process, log: list[str], state: str
) -> None:
    async with campaign(ours):
        await pass_time(4, ours)
        ours.wire.state = state
        renewed = server.writes
        await pass_time(7, ours)
        assert log == ["ours starts"]
        await pass_time(3.5, ours)
        assert log == ["ours starts", "ours stops"]
        assert not ours.elector.is_leader()
        assert server.writes == renewed
        ours.wire.state = "up"
        await pass_time(8, ours)
        assert log == ["ours starts", "ours stops", "ours starts"]


async def test_one_call_that_is_never_answered_does_not_cost_the_lease(ours: Process, log: list[str]) -> None:
    async with campaign(ours):
        await pass_time(1.5, ours)
        ours.wire.state = "silent"
        await pass_time(1, ours)
        ours.wire.state = "up"
        await pass_time(30, ours)
        assert log == ["ours starts"]


async def test_a_leader_whose_lease_was_taken_stops_at_the_next_renewal(
    server: LeaseServer, ours: Process, log: list[str]
) -> None:
    async with campaign(ours):
        server.edit(holderIdentity="thief")
        await pass_time(2.1, ours)
        assert log == ["ours starts", "ours stops"]
        assert holder(server) == "thief"


async def test_somebody_elses_label_on_the_lease_does_not_cost_it(
    server: LeaseServer, ours: Process, log: list[str]
) -> None:
    async with campaign(ours):
        server.edit(strategy="whatever")
        await pass_time(30, ours)
        assert log == ["ours starts"]


async def test_a_deleted_lease_is_made_again(server: LeaseServer, ours: Process, log: list[str]) -> None:
    async with campaign(ours):
        server.lease = None
        await pass_time(5, ours)
        assert log == ["ours starts"]
        assert holder(server) == "ours"


async def test_a_lease_that_cannot_be_given_back_does_not_hold_up_the_end(server: LeaseServer, ours: Process) -> None:
    async with campaign(ours) as run:
        ours.wire.state = "silent"
        run.cancel()
        await pass_time(2.1, ours)
        assert run.cancelled()
        assert not ours.elector.is_leader()
    assert holder(server) == "ours"


async def test_what_somebody_took_meanwhile_is_not_given_back_in_his_name(server: LeaseServer, ours: Process) -> None:
    async with campaign(ours) as run:
        ours.wire.state = "cut"
        await pass_time(2.5, ours)
        server.edit(holderIdentity="thief")
        ours.wire.state = "up"
        run.cancel()
        await pass_time(1, ours)
        assert run.cancelled()
    assert holder(server) == "thief"


async def test_it_does_not_stand_again_before_lead_has_stopped_however_long_that_takes(
    ours: Process, log: list[str]
) -> None:
    async def slow_to_stop() -> None:
        log.append("starts")
        try:
            await asyncio.Event().wait()
        finally:
            await ours.clock.sleep(60)
            log.append("stopped")

    async with campaign(ours, slow_to_stop):
        ours.wire.state = "cut"
        await pass_time(11, ours)
        ours.wire.state = "up"
        await pass_time(58, ours)
        assert log == ["starts"]
        assert not ours.elector.is_leader()
        await pass_time(5, ours)
        assert log == ["starts", "stopped", "starts"]
        ours.wire.state = "cut"
        await pass_time(80, ours)


async def test_after_a_pause_beyond_the_lease_it_does_not_lead_not_even_for_a_moment(
    ours: Process, log: list[str]
) -> None:
    async with campaign(ours):
        ours.clock.jump(20)
        assert not ours.elector.is_leader()
        await settle()
        assert log == ["ours starts"]  # nobody has run yet: is_leader alone has to hold
        await ours.clock.advance(0)
        assert log == ["ours starts", "ours stops"]


async def test_when_lead_ends_by_itself_so_does_the_election(server: LeaseServer, ours: Process) -> None:
    async def lead() -> None:
        await ours.clock.sleep(1)

    async with campaign(ours, lead) as run:
        await pass_time(1.2, ours)
        assert run.done()
        assert holder(server) == ""


async def test_what_lead_raises_is_raised_after_the_release(server: LeaseServer, ours: Process) -> None:
    async def lead() -> None:
        raise TimeoutError("its own")

    with pytest.raises(ExceptionGroup) as raised:
        async with campaign(ours, lead):
            pass
    assert raised.group_contains(TimeoutError, match="its own")
    assert holder(server) == ""


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param({"lease_duration": 10, "renew_deadline": 10}, id="nothing-left-to-stop-in"),
        pytest.param({"renew_deadline": 2, "renew_period": 1, "retry_period": 2}, id="one-attempt-only"),
        pytest.param({"renew_deadline": 2, "retry_period": 1}, id="one-renewal-only"),
        pytest.param({"retry_period": 0}, id="no-rest"),
        pytest.param({"renew_period": 0}, id="no-rest-for-the-holder"),
    ],
)
def test_timing_that_cannot_work_is_refused(seconds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="want lease_duration > renew_deadline > renew_period, retry_period > 0"):
        LeaseTiming(**seconds)  # type: ignore[arg-type]  # mypy does not see which field is which


def test_two_processes_of_one_machine_have_different_identities() -> None:
    assert process_identity() != process_identity()


courses = st.lists(
    st.tuples(st.sampled_from(["up", "cut", "silent", "pause", "stop"]), st.integers(0, 1), st.floats(0.5, 25)),
    max_size=8,
)


@given(courses, st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_whatever_happens_nobody_leads_before_the_loser_has_stopped(
    course: list[tuple[str, int, float]], seed: int
) -> None:
    asyncio.run(_elections(course, random.Random(seed).random))  # noqa: S311 chooses a test's course, not a secret


class Candidate(Process):
    """A process that can be paused and stopped, and writes all the time while its elector says that it leads."""

    def __init__(self, name: str, server: LeaseServer, world: "World", dice: Callable[[], float]) -> None:
        super().__init__(name, server, [], dice)
        self.paused = False
        self._world = world

    async def lead(self) -> None:
        term = self._world.begin(self)
        self.leads = True
        try:
            while True:
                if self.elector.is_leader():
                    self._world.write(term)
                await self.clock.sleep(0.1)
        finally:
            self.leads = False

    async def wake_up(self) -> None:
        self.paused = False
        await self.clock.advance(0)

    async def step(self, seconds: float) -> None:
        if self.paused:
            self.clock.jump(seconds)
        else:
            await self.clock.advance(seconds)


class World:
    def __init__(self) -> None:
        self.candidates: list[Candidate] = []
        self._terms = 0

    async def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.5)):
            for one in self.candidates:
                await one.step(0.5)

    def begin(self, beginner: Candidate) -> int:
        others = [one.name for one in self.candidates if one is not beginner and one.leads and not one.paused]
        assert others == [], f"{beginner.name} starts before these have stopped"
        self._terms += 1
        return self._terms

    def write(self, term: int) -> None:
        assert term == self._terms, "a write of an earlier leader after a later one has started"


async def _elections(course: list[tuple[str, int, float]], dice: Callable[[], float]) -> None:
    world, server = World(), LeaseServer()
    world.candidates = [Candidate(name, server, world, dice) for name in ("a", "b")]
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(one.elector.run(one.lead)) for one in world.candidates]
        try:
            for action, who, seconds in [*course, ("up", 0, 0.5), ("up", 1, 40)]:
                candidate = world.candidates[who]
                await candidate.wake_up()
                candidate.paused = action == "pause"
                if action == "stop":
                    runs[who].cancel()
                elif action != "pause":
                    candidate.wire.state = action
                await world.pass_time(seconds)
                if action == "stop":
                    runs[who] = group.create_task(candidate.elector.run(candidate.lead))
            assert sum(one.elector.is_leader() for one in world.candidates) == 1, "all is well again: somebody leads"
        finally:
            for run, candidate in zip(runs, world.candidates, strict=True):
                run.cancel()
                await candidate.clock.advance(30)
