"""A reflector of one kind whose reconciles do what each test says, and what Prometheus hears of it."""

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from kube.errors import Answer, Forbidden, Unreachable
from kube.objects import Status
from kube.reconciler import RequeueAfter
from kube.work_queue import WorkQueue
from reflectors.lag import TO_HOST, TO_VIRTUAL, Lag, Lags
from tests.virtual_clock import VirtualClock

METRIC = "vkp_reflection_lag_seconds"
DOWN = Unreachable("PATCH", "/pods/web", "down")
QUOTA = Forbidden("POST", "/pods", Answer(403), Status(reason="Forbidden", message="a quota"))


class World:
    """`host` and `virtual` are what informers tell; `reconcile` is what a worker does, and takes a second."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.registry = CollectorRegistry()
        self.queue: WorkQueue[str] = WorkQueue(self.clock, partition=lambda _: "")
        self.lag: Lag[str] = Lags(self.registry, self.clock).of("pods")
        self.virtual = self.lag.of_virtual(self.queue.add)
        self.host = self.lag.of_host(self.queue.add)

    async def reconcile(self, *acts: Callable[[str], None], error: BaseException | None = None) -> None:
        async def act(key: str) -> RequeueAfter | None:
            self.clock.jump(1)
            for each in acts:
                each(key)
            if error is not None:
                raise error
            return None

        await self.lag.measured(act)("web")

    def seen(self, direction: str) -> tuple[float, float]:
        """How many changes were measured, and how long all of them took."""
        labels = {"kind": "pods", "direction": direction}
        values = [
            self.registry.get_sample_value(f"vkp_reflection_lag_seconds_{each}", labels) for each in ("count", "sum")
        ]
        return values[0] or 0, values[1] or 0


@pytest.fixture
def world() -> World:
    return World()


async def test_a_change_is_measured_until_the_write_that_follows_from_it(world: World) -> None:
    world.virtual("web")
    world.clock.jump(4)
    await world.reconcile(world.lag.wrote_host)
    assert world.seen(TO_HOST) == (1, 5)
    assert world.seen(TO_VIRTUAL) == (0, 0)


async def test_whom_an_informer_tells_still_hears_of_it(world: World) -> None:
    world.virtual("web")
    world.host("db")
    assert [world.queue.take(), world.queue.take()] == ["web", "db"]


async def test_a_change_that_needs_no_write_is_not_counted(world: World) -> None:
    world.host("web")
    await world.reconcile()
    world.virtual("web")
    await world.reconcile()
    await world.reconcile(world.lag.wrote_host, world.lag.wrote_virtual)  # somebody else woke it
    assert world.seen(TO_HOST) == world.seen(TO_VIRTUAL) == (0, 0)


async def test_of_several_changes_the_oldest_counts(world: World) -> None:
    for _ in range(3):
        world.host("web")
        world.clock.jump(2)
    await world.reconcile(world.lag.wrote_virtual)
    assert world.seen(TO_VIRTUAL) == (1, 7)


@pytest.mark.parametrize(
    "failure", [Unreachable("PATCH", "/pods/web", "down"), OSError("down"), asyncio.CancelledError()], ids=repr
)
async def test_failed_attempts_are_part_of_it(world: World, failure: BaseException) -> None:
    world.virtual("web")
    with pytest.raises(type(failure)):
        await world.reconcile(error=failure)
    world.clock.jump(60)
    await world.reconcile(world.lag.wrote_host)
    assert world.seen(TO_HOST) == (1, 62)


async def test_what_is_refused_is_not_counted(world: World) -> None:
    world.virtual("web")
    with pytest.raises(Forbidden):
        await world.reconcile(error=QUOTA)
    world.clock.jump(3600)
    await world.reconcile(world.lag.wrote_host)
    assert world.seen(TO_HOST) == (0, 0)


async def test_waiting_for_what_an_object_leans_on_is_part_of_it(world: World) -> None:
    world.virtual("web")
    await world.reconcile(world.lag.put_off)
    await world.reconcile(world.lag.wrote_host)
    assert world.seen(TO_HOST) == (1, 2)


async def test_a_change_of_the_host_waits_for_the_host_object_to_be_seen_to(world: World) -> None:
    world.host("web")
    world.virtual("web")
    await world.reconcile(world.lag.wrote_host)
    await world.reconcile(world.lag.wrote_virtual)
    assert world.seen(TO_HOST) == (1, 1)
    assert world.seen(TO_VIRTUAL) == (1, 2)


async def test_a_change_that_comes_during_a_reconcile_is_for_the_next_one(world: World) -> None:
    world.virtual("web")
    await world.reconcile(world.virtual, world.lag.wrote_host)
    assert world.seen(TO_HOST) == (1, 1)
    await world.reconcile(world.lag.wrote_host)
    assert world.seen(TO_HOST) == (2, 2)


async def test_nothing_is_remembered_of_what_is_done(world: World) -> None:
    for acts in ((), (world.lag.wrote_host,), (world.lag.put_off,)):
        world.virtual("web")
        world.host("web")
        await world.reconcile(*acts)
        await world.reconcile()
    assert (world.lag._virtual, world.lag._host, world.lag._open) == ({}, {}, {})
