import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.informer import SLICE_SECONDS, Informer, Timing
from kube.objects import Key, Object
from kube.resources import PODS
from kube.store import Change, ChangeKind
from kube.watching import Step
from tests.subscriber import Subscriber
from tests.unit.kube.history import (
    Act,
    History,
    SwiftClock,
    bookmark,
    compact,
    cut,
    delete,
    end,
    fail,
    garbage,
    pass_a_minute,
    put,
    refusal,
    wipe,
    wipe_and_overtake,
)

WEB = Key("shop", "web")


def history(*acts: Act, streams_lists: bool = False) -> History:
    return History(list(reversed(acts)), streams_lists=streams_lists)


def informer_of(server: History, transform: Callable[[Object], Object] = lambda obj: obj) -> Informer:
    return Informer(server, PODS, "shop", transform=transform, timing=Timing(clock=server.clock, random=lambda: 0.0))


async def follow(informer: Informer, server: History) -> None:
    """Run the informer until it has seen all that the script has, and all is quiet."""
    async with asyncio.timeout(10):
        run = asyncio.create_task(informer.run())
        try:
            await server.played.wait()
        finally:
            run.cancel()
            await asyncio.wait([run])
    server.played.clear()
    assert run.cancelled(), "an informer is ended by nothing but cancellation"


@dataclass
class Broken:
    calls: int = field(default=0)

    def on_change(self, change: Change) -> None:
        self.calls += 1
        raise RuntimeError(f"cannot take {change.key}")


async def test_an_informer_lists_then_watches_from_there() -> None:
    server = history(put("web"), put("db"), delete("web"))
    server.put("old")
    informer = informer_of(server)
    assert not informer.synced
    await follow(informer, server)
    assert informer.synced
    assert server.requests == ["stream", "pages", "watch 2"]
    assert {obj.key: obj for obj in informer.store.values()} == server.truth()
    assert informer.last_resource_version == "4"


async def test_pages_of_different_moments_lose_nothing() -> None:
    server = history(put("a"), put("a"))
    server.drifts = True
    for name in "bcd":
        server.put(name)
    informer = informer_of(server)
    await follow(informer, server)
    assert server.requests == ["stream", "pages", "watch 4"]
    assert {obj.key: obj for obj in informer.store.values()} == server.truth()


async def test_a_server_with_streaming_lists_is_asked_once() -> None:
    server = history(put("db"), streams_lists=True)
    server.put("web")
    informer = informer_of(server)
    await follow(informer, server)
    assert server.requests == ["stream"]
    assert {obj.key: obj for obj in informer.store.values()} == server.truth()


async def test_waiting_for_the_first_sync_ends_with_it() -> None:
    server = history()
    informer = informer_of(server)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        run = group.create_task(informer.run())
        await informer.wait_synced()
        assert informer.state.lists == 1
        run.cancel()


async def test_a_watch_that_ended_is_resumed_where_it_ended_even_by_a_bookmark() -> None:
    server = history(pass_a_minute, put("web"), bookmark, pass_a_minute, end, pass_a_minute)
    await follow(informer_of(server), server)
    assert server.requests == ["stream", "pages", "watch 0", "list metadata.name=web", "watch 2"]
    assert sum(server.clock.slept) == 0


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(fail(cut()), id="cut"),
        pytest.param(fail(refusal(429)), id="429"),
        pytest.param(fail(refusal(503)), id="503"),
    ],
)
async def test_after_a_trouble_on_the_way_a_watch_is_resumed_after_a_rest(failure: Act) -> None:
    server = history(pass_a_minute, put("web"), failure, put("web"))
    await follow(informer_of(server), server)
    assert server.requests == ["stream", "pages", "watch 0", "list metadata.name=web", "watch 1"]
    assert sum(server.clock.slept) == 1.6


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(fail(refusal(410)), id="410"),
        pytest.param(fail(refusal(500)), id="500"),
        pytest.param(garbage, id="garbage"),
    ],
)
async def test_a_watch_that_cannot_be_resumed_is_followed_by_a_list_at_once(failure: Act) -> None:
    server = history(put("web"), pass_a_minute, failure, delete("web"), put("db"))
    informer, subscriber = informer_of(server), Subscriber()
    informer.add_handler(subscriber)
    await follow(informer, server)
    assert server.requests == ["stream", "pages", "watch 1", "pages", "watch 2"]
    assert sum(server.clock.slept) == 0
    assert [change.kind for change in subscriber.told] == [ChangeKind.ADDED, ChangeKind.DELETED, ChangeKind.ADDED]


def delete_unseen(server: History) -> None:
    """Delete a pod while nobody watches, and forget that it happened."""
    server.delete("web")
    compact(server)
    raise cut()


async def test_a_deletion_that_nobody_saw_is_told_with_the_last_known_state() -> None:
    server = history(put("web"), pass_a_minute, delete_unseen)
    informer, subscriber = informer_of(server), Subscriber()
    informer.add_handler(subscriber)
    await follow(informer, server)
    assert [(change.kind, change.object.resource_version) for change in subscriber.told] == [
        (ChangeKind.ADDED, "1"),
        (ChangeKind.DELETED, "1"),
    ]


async def test_retry_after_is_obeyed() -> None:
    server = history(pass_a_minute, put("web"), fail(refusal(429, retry_after=25)))
    await follow(informer_of(server), server)
    assert sum(server.clock.slept) == 25


async def test_a_server_that_ends_every_watch_at_once_is_asked_ever_more_slowly() -> None:
    server = history(put("web"), *[act for _ in range(8) for act in (end, bookmark)])
    await follow(informer_of(server), server)
    rests = [seconds for seconds in server.clock.slept if seconds]
    assert rests == [1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30]


async def test_what_is_wrong_can_be_seen_and_passes() -> None:
    forbidden = fail(refusal(403))
    server = history(forbidden, forbidden, lambda _: seen.append(informer.state.failures_in_a_row))
    informer, seen = informer_of(server), list[int]()
    await follow(informer, server)
    assert seen == [2]
    assert informer.state.step is Step.WATCH
    assert informer.state.failure is None


async def test_the_reason_of_a_failure_can_be_seen_while_it_lasts() -> None:
    server = history(fail(refusal(403)), lambda _: seen.append(informer.state.failure))
    informer, seen = informer_of(server), list[str | None]()
    await follow(informer, server)
    assert seen == ["GET /api/v1/pods: 403 Unknown: "]


async def test_a_handler_that_raises_disturbs_nobody() -> None:
    server = history(put("web"), put("web"))
    informer, broken, subscriber = informer_of(server), Broken(), Subscriber()
    informer.add_handler(broken)
    informer.add_handler(subscriber)
    await follow(informer, server)
    assert subscriber.objects == server.truth()
    assert informer.state.handler_failures == broken.calls == 2


async def test_a_late_handler_is_told_of_what_is_there_first() -> None:
    server = history(put("web"), put("web"))
    informer = informer_of(server)
    await follow(informer, server)
    late = Subscriber()
    informer.add_handler(late)
    assert late.told == [Change.added(server.objects["web"])]


async def test_objects_are_trimmed_before_they_are_kept() -> None:
    server = history(put("web"))
    informer = informer_of(server, lambda obj: Object(kind="Trimmed", metadata=obj.metadata))
    await follow(informer, server)
    assert [obj.kind for obj in informer.store.values()] == ["Trimmed"]


async def test_an_informer_that_was_stopped_goes_on_where_it_was() -> None:
    server = history(put("web"))
    informer, subscriber = informer_of(server), Subscriber()
    informer.add_handler(subscriber)
    await follow(informer, server)
    server.put("db")
    await follow(informer, server)
    assert subscriber.objects == server.truth()
    assert server.requests[-2:] == ["list metadata.name=web", "watch 1"]


class BusyClock(SwiftClock):
    """Each look at it finds a millisecond passed, as if there were work in between."""

    def now(self) -> float:
        self.jump(0.001)
        return super().now()


async def test_others_get_their_turn_while_much_is_listed() -> None:
    server = History(clock=BusyClock())
    for number in range(100):
        server.put(f"pod-{number}")
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    informer = informer_of(server)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        tasks = [group.create_task(run()) for run in (informer.run, take_turns)]
        await informer.wait_synced()
        assert turns > 100 * 0.001 / SLICE_SECONDS
        for task in tasks:
            task.cancel()


NAMES = st.sampled_from("abc")
CHANGES = st.one_of(st.builds(put, NAMES), st.builds(put, NAMES), st.builds(delete, NAMES))
FAULTS = st.sampled_from(
    [
        bookmark,
        compact,
        pass_a_minute,
        end,
        garbage,
        wipe,
        wipe_and_overtake,
        *map(fail, [cut(), refusal(410), refusal(429), refusal(500), refusal(503), refusal(504)]),
    ]
)


@given(before=st.lists(NAMES), acts=st.lists(st.one_of(CHANGES, FAULTS), max_size=30), streams_lists=st.booleans())
def test_whatever_happens_the_store_comes_to_equal_the_collection(
    *, before: list[str], acts: list[Act], streams_lists: bool
) -> None:
    asyncio.run(check_convergence(before, acts, streams_lists=streams_lists))


async def check_convergence(before: list[str], acts: list[Act], *, streams_lists: bool) -> None:
    server = history(*acts, streams_lists=streams_lists)
    for name in before:
        server.put(name)
    informer, subscriber = informer_of(server), Subscriber()
    informer.add_handler(subscriber)
    await follow(informer, server)
    assert {obj.key: obj for obj in informer.store.values()} == server.truth() == subscriber.objects
    assert subscriber.contradictions == []
    assert len(asyncio.all_tasks()) == 1
