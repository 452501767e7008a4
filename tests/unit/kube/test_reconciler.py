import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from kube.backoff import Backoff
from kube.reconciler import Limits, Outcome, Reconcile, Reconciler, Refused, RequeueAfter
from kube.work_queue import WorkQueue
from tests.virtual_clock import VirtualClock, settle


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def queue(clock: VirtualClock) -> WorkQueue[str]:
    return WorkQueue(clock, partition=lambda key: key[0], backoff=Backoff(base=1, cap=60, jitter=0))


DEFAULT = Limits()


@asynccontextmanager
async def running(
    queue: WorkQueue[str],
    reconcile: Reconcile[str],
    *observers: Callable[[Outcome[str]], None],
    limits: Limits = DEFAULT,
) -> AsyncIterator[asyncio.Task[None]]:
    reconciler = Reconciler("test", queue, reconcile, limits=limits, observers=observers)
    async with asyncio.TaskGroup() as group:
        run = group.create_task(reconciler.run())
        await settle()
        yield run
        run.cancel()


class Recorder:
    """A reconcile that does, for each key in turn, what the script says, and remembers when it was called."""

    def __init__(self, clock: VirtualClock, *script: Exception | RequeueAfter | None) -> None:
        self.calls: list[tuple[str, float]] = []
        self._clock = clock
        self._script = list(script)

    async def __call__(self, key: str) -> RequeueAfter | None:
        self.calls.append((key, self._clock.now()))
        answer = self._script.pop(0) if self._script else None
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_key_that_is_done_is_not_reconciled_again(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    reconcile = Recorder(clock)
    async with running(queue, reconcile):
        queue.add("a")
        await clock.advance(1000)
    assert reconcile.calls == [("a", 0)]


async def test_a_failure_is_retried_with_back_off_until_it_succeeds(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    reconcile = Recorder(clock, *[OSError("down")] * 3)
    outcomes: list[Outcome[str]] = []
    async with running(queue, reconcile, outcomes.append):
        queue.add("a")
        await clock.advance(1000)
    assert reconcile.calls == [("a", 0), ("a", 1), ("a", 3), ("a", 7)]
    assert [(outcome.failures, outcome.retry_in) for outcome in outcomes] == [(1, 1), (2, 2), (3, 4), (0, None)]


async def test_success_ends_a_run_of_failures(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    reconcile = Recorder(clock, OSError("down"), None, OSError("down"))
    async with running(queue, reconcile):
        queue.add("a")
        await clock.advance(10)
        queue.add("a")
        await clock.advance(10)
    assert reconcile.calls == [("a", 0), ("a", 1), ("a", 10), ("a", 11)]


async def test_requeue_after_looks_again_then(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    reconcile = Recorder(clock, RequeueAfter(30))
    async with running(queue, reconcile):
        queue.add("a")
        await clock.advance(1000)
    assert reconcile.calls == [("a", 0), ("a", 30)]


async def test_a_refused_key_is_reported_and_not_retried(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    refusal = Refused("pod a: spec.hostNetwork is off here")
    reconcile = Recorder(clock, OSError("down"), refusal)
    outcomes: list[Outcome[str]] = []
    async with running(queue, reconcile, outcomes.append):
        queue.add("a")
        await clock.advance(1000)
    assert len(reconcile.calls) == 2
    assert outcomes[-1] == Outcome("a", waited=0, took=0, error=refusal)
    assert queue.failures("a") == 0


async def test_a_reconcile_that_takes_too_long_is_a_failure(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    outcomes: list[Outcome[str]] = []

    async def hang(_: str) -> None:
        await asyncio.Event().wait()

    async with running(queue, hang, outcomes.append, limits=Limits(timeout=5)):
        queue.add("a")
        await clock.advance(5)
    assert str(outcomes[0].error) == "not done after 5 s"
    assert outcomes[0].took == 5
    assert outcomes[0].retry_in == 1


async def test_a_time_out_of_its_own_keeps_its_text(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    outcomes: list[Outcome[str]] = []
    async with running(queue, Recorder(clock, TimeoutError("the kubelet is silent")), outcomes.append):
        queue.add("a")
        await settle()
    assert str(outcomes[0].error) == "the kubelet is silent"


async def test_a_cancellation_of_something_else_is_a_failure_like_any_other(
    clock: VirtualClock, queue: WorkQueue[str]
) -> None:
    outcomes: list[Outcome[str]] = []

    async def wait_for_what_is_cancelled(_: str) -> None:
        shared = asyncio.get_running_loop().create_future()
        shared.cancel()
        await shared

    async with running(queue, wait_for_what_is_cancelled, outcomes.append):
        queue.add("a")
        await clock.advance(2.5)
    assert [outcome.retry_in for outcome in outcomes] == [1, 2]


async def test_workers_run_side_by_side_up_to_their_number(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    now_running: set[str] = set()
    most = 0

    async def work(key: str) -> None:
        nonlocal most
        now_running.add(key)
        most = max(most, len(now_running))
        await clock.sleep(1)
        now_running.remove(key)

    async with running(queue, work, limits=Limits(workers=3)):
        for number in range(9):
            queue.add(f"a{number}")
        await clock.advance(2.5)
        assert len(queue) == 0
        assert len(now_running) == 3
        await clock.advance(1)
    assert most == 3


async def test_observers_learn_how_long_a_key_waited_and_took(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    outcomes: list[Outcome[str]] = []

    async def work(_: str) -> None:
        await clock.sleep(2)

    async with running(queue, work, outcomes.append, limits=Limits(workers=1)):
        queue.add("a")
        queue.add("b")
        await clock.advance(10)
    assert outcomes == [Outcome("a", waited=0, took=2), Outcome("b", waited=2, took=2)]


async def test_an_observer_that_fails_stops_nobody(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    reconcile = Recorder(clock)
    outcomes: list[Outcome[str]] = []

    def broken(_: Outcome[str]) -> None:
        raise RuntimeError("broken observer")

    async with running(queue, reconcile, broken, outcomes.append):
        queue.add("a")
        queue.add("b")
        await settle()
    assert {outcome.key for outcome in outcomes} == {"a", "b"}


async def test_when_cancelled_it_lets_running_ones_finish_and_starts_no_more(
    clock: VirtualClock, queue: WorkQueue[str]
) -> None:
    finished: list[str] = []

    async def work(key: str) -> None:
        await clock.sleep(2)
        finished.append(key)

    async with running(queue, work, limits=Limits(workers=1, drain=3)) as run:
        queue.add("a")
        queue.add("b")
        await settle()
        run.cancel()
        await settle()
        assert not run.done()
        await clock.advance(2)
        assert run.cancelled()
    assert finished == ["a"]
    assert len(queue) == 1


async def test_what_does_not_finish_in_time_is_stopped_and_back_in_the_queue(
    clock: VirtualClock, queue: WorkQueue[str]
) -> None:
    stopped: list[str] = []

    async def work(key: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(key)

    async with running(queue, work, limits=Limits(drain=3)) as run:
        queue.add("a")
        await settle()
        run.cancel()
        await clock.advance(2.9)
        assert stopped == []
        await clock.advance(0.1)
        assert run.cancelled()
    assert stopped == ["a"]
    assert queue.take() == "a"


async def test_a_second_cancellation_stops_at_once(queue: WorkQueue[str]) -> None:
    async def work(_: str) -> None:
        await asyncio.Event().wait()

    async with running(queue, work) as run:
        queue.add("a")
        await settle()
        run.cancel()
        await settle()
        run.cancel()
        await settle()
        assert run.cancelled()
    assert queue.take() == "a"


async def test_it_can_be_run_again_and_goes_on_where_it_stopped(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    reconcile = Recorder(clock)
    reconciler = Reconciler("test", queue, reconcile)
    for key in ("a", "b"):
        async with asyncio.TaskGroup() as group:
            run = group.create_task(reconciler.run())
            queue.add(key)
            await settle()
            run.cancel()
    assert [key for key, _ in reconcile.calls] == ["a", "b"]


async def test_no_task_is_left_behind(clock: VirtualClock, queue: WorkQueue[str]) -> None:
    async with running(queue, Recorder(clock, OSError("down"))):
        for key in ("a", "b", "c"):
            queue.add(key)
        await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
