import asyncio
import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kube.backoff import Backoff
from kube.work_queue import WorkQueue
from tests.virtual_clock import VirtualClock, settle

Key = tuple[str, str]
WEB, DB, OTHER = ("shop", "web"), ("shop", "db"), ("bank", "web")


def work_queue(clock: VirtualClock) -> WorkQueue[Key]:
    return WorkQueue(
        clock,
        partition=lambda key: key[0],
        backoff=Backoff(base=1, cap=60, jitter=0),
    )


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def queue(clock: VirtualClock) -> WorkQueue[Key]:
    return work_queue(clock)


def test_a_key_added_twice_comes_once(queue: WorkQueue[Key]) -> None:
    queue.add(WEB)
    queue.add(WEB)
    assert len(queue) == 1
    assert queue.take() == WEB
    assert queue.take() is None


def test_a_key_added_while_running_comes_again_only_when_done(queue: WorkQueue[Key]) -> None:
    queue.add(WEB)
    assert queue.take() == WEB
    queue.add(WEB)
    assert queue.take() is None
    queue.done(WEB)
    assert queue.take() == WEB


def test_a_flooding_partition_delays_only_itself(queue: WorkQueue[Key]) -> None:
    for number in range(10_000):
        queue.add(("flood", f"pod-{number}"))
    queue.take()
    queue.add(WEB)
    assert WEB in [queue.take(), queue.take()]


def test_first_adds_do_not_wait_however_many(queue: WorkQueue[Key]) -> None:
    for number in range(1000):
        queue.add(("shop", f"pod-{number}"))
    assert [queue.take() for _ in range(1000)] == [("shop", f"pod-{number}") for number in range(1000)]


def test_a_delayed_key_comes_at_its_time(clock: VirtualClock, queue: WorkQueue[Key]) -> None:
    queue.add_after(WEB, 5)
    clock.jump(4.9)
    assert queue.take() is None
    assert len(queue) == 0
    clock.jump(0.2)
    assert queue.take() == WEB


def test_a_delayed_key_added_at_once_still_comes_at_its_time(clock: VirtualClock, queue: WorkQueue[Key]) -> None:
    queue.add_after(WEB, 5)
    queue.add(WEB)
    assert queue.take() == WEB
    queue.done(WEB)
    clock.jump(5)
    assert queue.take() == WEB


def test_back_off_grows_until_the_key_is_forgotten(clock: VirtualClock, queue: WorkQueue[Key]) -> None:
    delays = []
    for _ in range(8):
        queue.add(WEB)
        assert queue.take() == WEB
        delays.append(queue.retry(WEB))
        queue.done(WEB)
        clock.jump(delays[-1])
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60]
    assert queue.failures(WEB) == 8
    queue.forget(WEB)
    assert queue.failures(WEB) == 0
    assert queue.retry(WEB) == 1


def test_back_off_of_one_key_is_not_that_of_another(queue: WorkQueue[Key]) -> None:
    queue.retry(WEB)
    assert queue.retry(WEB) == 2
    assert queue.retry(DB) == 1


def test_it_tells_how_long_keys_wait(clock: VirtualClock, queue: WorkQueue[Key]) -> None:
    assert queue.oldest_age() == 0
    queue.add(WEB)
    clock.jump(2)
    queue.add(OTHER)
    clock.jump(1)
    assert queue.oldest_age() == 3
    assert queue.take() == WEB
    assert queue.waited(WEB) == 3
    assert queue.oldest_age() == 1


async def test_what_lay_there_before_anybody_took_keys_has_waited_since_then_only(
    queue: WorkQueue[Key], clock: VirtualClock
) -> None:
    queue.add(WEB)
    queue.add(OTHER)
    queue.rest()
    await clock.advance(3600)
    assert queue.oldest_age() == 0
    queue.begin()
    await clock.advance(2)
    assert queue.oldest_age() == 2
    assert queue.take() == WEB
    assert queue.waited(WEB) == 2


async def test_get_waits_for_an_add(queue: WorkQueue[Key]) -> None:
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(queue.get())
        await settle()
        assert not worker.done()
        queue.add(WEB)
    assert worker.result() == WEB


async def test_get_waits_for_the_due_time_also_of_a_key_added_later_and_due_earlier(
    clock: VirtualClock, queue: WorkQueue[Key]
) -> None:
    queue.add_after(WEB, 10)
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(queue.get()) for _ in range(2)]
        await settle()
        queue.add_after(DB, 5)
        await clock.advance(5)
        assert [worker.result() for worker in workers if worker.done()] == [DB]
        await clock.advance(5)
    assert {worker.result() for worker in workers} == {WEB, DB}


async def test_a_due_key_finds_a_worker_when_the_one_that_heard_of_it_is_busy(
    clock: VirtualClock, queue: WorkQueue[Key]
) -> None:
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(queue.get()) for _ in range(2)]
        await settle()
        queue.add_after(WEB, 5)
        await settle()
        queue.add(DB)
        await clock.advance(5)
    assert {worker.result() for worker in workers} == {WEB, DB}


async def test_a_worker_cancelled_in_the_moment_it_is_woken_leaves_the_key_to_another(queue: WorkQueue[Key]) -> None:
    async with asyncio.TaskGroup() as group:
        cancelled, other = (group.create_task(queue.get()) for _ in range(2))
        await settle()
        queue.add(WEB)
        cancelled.cancel()
        await settle()
        assert cancelled.cancelled()
        assert other.done()
    assert other.result() == WEB


async def test_a_worker_that_is_being_cancelled_is_not_woken_for_a_key(queue: WorkQueue[Key]) -> None:
    async with asyncio.TaskGroup() as group:
        cancelled, other = (group.create_task(queue.get()) for _ in range(2))
        await settle()
        cancelled.cancel()
        queue.add(WEB)
        await settle()
        assert other.done()
    assert other.result() == WEB


def test_done_without_get_is_a_mistake(queue: WorkQueue[Key]) -> None:
    with pytest.raises(KeyError):
        queue.done(WEB)


partitions = st.sampled_from(["a", "b", "c"])
names = st.sampled_from(["1", "2", "3", "4"])
some_key = st.tuples(partitions, names)


class QueueModel(RuleBasedStateMachine):
    """The queue against the plainest account of what it owes: who is ready, who runs, who is due when."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.queue = work_queue(self.clock)
        self.ready: list[Key] = []
        self.running: list[Key] = []
        self.again: set[Key] = set()
        self.due: dict[Key, float] = {}
        self.failures: Counter[Key] = Counter()
        self.overtaken: defaultdict[Key, Counter[str]] = defaultdict(Counter)

    @initialize()
    def empty(self) -> None:
        assert self.queue.take() is None

    @rule(key=some_key)
    def add(self, key: Key) -> None:
        self.queue.add(key)
        self._expect(key)

    @rule(key=some_key, seconds=st.floats(min_value=0, max_value=90))
    def add_after(self, key: Key, seconds: float) -> None:
        self.queue.add_after(key, seconds)
        self._expect_after(key, seconds)

    @rule(seconds=st.floats(min_value=0, max_value=90))
    def time_passes(self, seconds: float) -> None:
        self.clock.jump(seconds)

    @rule()
    def take(self) -> None:
        for key in sorted((key for key, due in self.due.items() if due <= self.clock.now()), key=self.due.__getitem__):
            del self.due[key]
            self._expect(key)
        taken = self.queue.take()
        if taken is None:
            assert not self.ready, "no key is lost"
            return
        assert taken in self.ready, "none comes from nowhere"
        assert taken not in self.running, "never two workers on a key"
        assert taken == next(key for key in self.ready if key[0] == taken[0]), "in order within its partition"
        self.ready.remove(taken)
        self.running.append(taken)
        self._check_fairness(taken)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), how=st.sampled_from(["well", "failed", "interrupted"]))
    def finish(self, data: st.DataObject, how: str) -> None:
        key = data.draw(st.sampled_from(self.running))
        if how == "failed":
            self.failures[key] += 1
            delay = self.queue.retry(key)
            assert delay == min(60, 2 ** (self.failures[key] - 1))
            self._expect_after(key, delay)
        elif how == "interrupted":
            self.queue.add(key)
            self._expect(key)
        else:
            self.queue.forget(key)
            del self.failures[key]
        self.queue.done(key)
        self.running.remove(key)
        if key in self.again:
            self.again.remove(key)
            self._expect(key)

    @invariant()
    def sizes_agree(self) -> None:
        assert len(self.queue) == len(self.ready)

    def teardown(self) -> None:
        """Whatever happened, in the end every key that is owed comes, each once."""
        owed = {*self.ready, *self.running, *self.due}
        for key in list(self.running):
            self.queue.add(key)
            self.queue.done(key)
        self.clock.jump(1000)
        came = []
        while (taken := self.queue.take()) is not None:
            came.append(taken)
        assert sorted(came) == sorted(owed)

    def _expect(self, key: Key) -> None:
        if key in self.running:
            self.again.add(key)
        elif key not in self.ready:
            self.ready.append(key)
            self.overtaken.pop(key, None)

    def _expect_after(self, key: Key, seconds: float) -> None:
        due = self.clock.now() + seconds
        self.due[key] = min(due, self.due.get(key, due))

    def _check_fairness(self, taken: Key) -> None:
        for partition in {key[0] for key in self.ready} - {taken[0]}:
            first = next(key for key in self.ready if key[0] == partition)
            self.overtaken[first][taken[0]] += 1
            assert self.overtaken[first][taken[0]] <= 1, "nobody goes twice before the first of another partition"


TestQueueModel = QueueModel.TestCase
TestQueueModel.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)


@given(st.integers(min_value=0, max_value=2**32))
@settings(max_examples=30, deadline=None)
def test_with_many_workers_every_add_is_followed_by_a_run_of_its_key(seed: int) -> None:
    asyncio.run(_many_workers(random.Random(seed)))  # noqa: S311 chooses a test's course, not a secret


async def _many_workers(dice: random.Random) -> None:
    clock = VirtualClock()
    queue = work_queue(clock)
    last_add: dict[Key, int] = {}
    last_start: dict[Key, int] = {}
    running: set[Key] = set()
    moments = iter(range(10**9))

    async def worker() -> None:
        while True:
            key = await queue.get()
            assert key not in running, "never two workers on a key"
            running.add(key)
            last_start[key] = next(moments)
            await clock.sleep(dice.choice([0, 0.1, 3]))
            running.remove(key)
            queue.retry(key) if dice.random() < 0.3 else queue.forget(key)
            queue.done(key)

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(worker()) for _ in range(4)]
        for _ in range(60):
            key = (dice.choice("ab"), dice.choice("123"))
            last_add[key] = next(moments)
            queue.add(key) if dice.random() < 0.7 else queue.add_after(key, dice.choice([0.1, 5]))
            await clock.advance(dice.choice([0, 0, 0.1, 1]))
            if dice.random() < 0.1:
                idle = dice.choice(workers)
                if not running:
                    idle.cancel()
                    workers.append(group.create_task(worker()))
        await clock.advance(1000)
        for worker_task in workers:
            worker_task.cancel()
    assert all(last_start[key] > added for key, added in last_add.items())
