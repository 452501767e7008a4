import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.client import PatchType
from kube.codec import Body, decode_object, encode
from kube.errors import AlreadyExists, Answer, ApiError, Forbidden, InternalError, NotFound, Unreachable
from kube.event_recorder import EventRecorder, event_name
from kube.events import ObjectReference, Severity
from kube.objects import Object, Status
from kube.resources import Resource
from tests.virtual_clock import VirtualClock, settle

WEB = ObjectReference("v1", "Pod", "shop", "web", "u1")
NODE = ObjectReference("v1", "Node", "", "host-1", "u2")


class EventServer:
    """Keeps events; `refuse` says what the next calls are answered instead, `lost` loses the answer of a create."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], dict[str, Any]] = {}
        self.refuse: list[type[ApiError]] = []
        self.lost = 0
        self.calls = 0

    async def create(self, _resource: Resource, body: Body, namespace: str | None = None) -> Object:
        await self._answer()
        event = decode_object(encode(body)).to_dict()
        key = (namespace or "", event["metadata"]["name"])
        if key in self.events:
            raise refusal(AlreadyExists)
        self.events[key] = event
        if self.lost:
            self.lost -= 1
            raise Unreachable("POST", "/events", "cut")
        return decode_object(encode(event))

    async def patch(
        self, _resource: Resource, name: str, body: Body, namespace: str | None = None, *, patch_type: PatchType
    ) -> Object:
        await self._answer()
        assert patch_type is PatchType.MERGE
        event = self.events.get((namespace or "", name))
        if event is None:
            raise refusal(NotFound)
        event.update(body)  # type: ignore[arg-type]  # a merge patch of top-level fields
        return decode_object(encode(event))

    async def _answer(self) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        if self.refuse:
            raise refusal(self.refuse.pop(0))

    def counts(self) -> dict[str, int]:
        return {event["message"]: event["count"] for event in self.events.values()}


def refusal(kind: type[ApiError]) -> ApiError:
    if kind is Unreachable:
        return Unreachable("POST", "/events", "down")
    return kind("POST", "/events", Answer(400), Status(reason=kind.__name__))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def server() -> EventServer:
    return EventServer()


@pytest.fixture
def recorder(server: EventServer, clock: VirtualClock) -> EventRecorder:
    return EventRecorder(server, "shop", clock)


@asynccontextmanager
async def running(recorder: EventRecorder) -> AsyncIterator[asyncio.Task[None]]:
    async with asyncio.TaskGroup() as group:
        run = group.create_task(recorder.run())
        yield run
        await settle()
        run.cancel()


async def test_an_event_says_what_happened_to_which_object(server: EventServer, recorder: EventRecorder) -> None:
    async with running(recorder):
        recorder.record(WEB, Severity.WARNING, "Refused", "spec.hostNetwork is off here")
    ((namespace, name), event) = server.events.popitem()
    assert namespace == "shop"
    assert re.fullmatch(r"web\.[0-9a-f]{16}", name)
    assert event == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "shop"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u1"},
        "type": "Warning",
        "reason": "Refused",
        "message": "spec.hostNetwork is off here",
        "count": 1,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "source": {"component": "shop"},
        "reportingComponent": "shop",
    }


async def test_events_of_cluster_wide_objects_are_in_the_default_namespace(
    server: EventServer, recorder: EventRecorder
) -> None:
    async with running(recorder):
        recorder.record(NODE, Severity.NORMAL, "Registered", "hello")
    assert [namespace for namespace, _ in server.events] == ["default"]


async def test_the_same_event_again_raises_the_count_of_the_one_that_is_there(
    server: EventServer, recorder: EventRecorder, clock: VirtualClock
) -> None:
    async with running(recorder):
        for _ in range(3):
            recorder.record(WEB, Severity.WARNING, "Refused", "no")
            await clock.advance(60)
    (event,) = server.events.values()
    assert event["count"] == 3
    assert event["firstTimestamp"] == "2026-01-01T00:00:00Z"
    assert event["lastTimestamp"] == "2026-01-01T00:02:00Z"


async def test_an_event_that_the_server_has_forgotten_is_made_again(
    server: EventServer, recorder: EventRecorder
) -> None:
    async with running(recorder):
        recorder.record(WEB, Severity.WARNING, "Refused", "no")
        await settle()
        server.events.clear()
        recorder.record(WEB, Severity.WARNING, "Refused", "no")
    assert server.counts() == {"no": 2}


async def test_while_the_server_is_down_events_wait_and_are_counted(
    server: EventServer, recorder: EventRecorder, clock: VirtualClock
) -> None:
    server.refuse = [Unreachable] * 5
    async with running(recorder):
        for _ in range(3):
            recorder.record(WEB, Severity.WARNING, "Refused", "no")
            await clock.advance(1)
        recorder.record(WEB, Severity.WARNING, "Refused", "never")
        await clock.advance(100)
    assert server.counts() == {"no": 3, "never": 1}
    assert recorder.state.failed == 0


async def test_a_create_whose_answer_was_lost_is_not_repeated_under_another_name(
    server: EventServer, recorder: EventRecorder, clock: VirtualClock
) -> None:
    server.lost = 1
    async with running(recorder):
        recorder.record(WEB, Severity.WARNING, "Refused", "no")
        await settle()
        recorder.record(WEB, Severity.WARNING, "Refused", "no")
        await clock.advance(10)
    assert server.counts() == {"no": 2}


async def test_what_can_never_be_written_is_dropped_at_once_and_counted(
    server: EventServer, recorder: EventRecorder
) -> None:
    server.refuse = [Forbidden]
    async with running(recorder):
        recorder.record(WEB, Severity.WARNING, "Refused", "gone")
        recorder.record(NODE, Severity.WARNING, "Refused", "here")
        await settle()
        assert server.counts() == {"here": 1}
    assert recorder.state.failed == 1
    assert recorder.state.written == 1


async def test_what_fails_for_long_is_dropped_in_the_end_and_does_not_hold_up_others(
    server: EventServer, recorder: EventRecorder, clock: VirtualClock
) -> None:
    server.refuse = [InternalError] * 12
    async with running(recorder):
        recorder.record(WEB, Severity.WARNING, "Refused", "poison")
        await clock.advance(1000)
        recorder.record(NODE, Severity.WARNING, "Refused", "here")
    assert server.counts() == {"here": 1}
    assert recorder.state.failed == 1
    assert server.calls == 13


async def test_events_beyond_the_limit_of_an_object_cost_no_call(server: EventServer, recorder: EventRecorder) -> None:
    async with running(recorder):
        for number in range(100):
            recorder.record(WEB, Severity.WARNING, "Refused", f"no {number}")
        await settle()
    assert server.calls == 25
    assert recorder.state.limited == 75


async def test_at_the_end_it_writes_what_is_left_but_does_not_wait_for_ever(
    server: EventServer, recorder: EventRecorder, clock: VirtualClock
) -> None:
    async with running(recorder) as run:
        await settle()
        recorder.record(WEB, Severity.WARNING, "Refused", "last words")
        run.cancel()
        await settle()
        assert run.done()
        assert server.counts() == {"last words": 1}

    server.refuse = [Unreachable] * 100
    async with running(recorder) as run:
        recorder.record(WEB, Severity.WARNING, "Refused", "unheard")
        await settle()
        run.cancel()
        await clock.advance(2)
        assert run.done()


def test_recording_needs_nobody_to_listen(recorder: EventRecorder) -> None:
    for number in range(10_000):
        about = ObjectReference("v1", "Pod", "shop", f"web-{number}", f"u{number}")
        recorder.record(about, Severity.NORMAL, "Created", "here")
    assert recorder.state.limited == 10_000 - 4096


@given(st.text(max_size=300), st.sampled_from(["Pod", "ClusterRole"]))
def test_event_names_are_dns_subdomains_whatever_the_object_is_called(name: str, kind: str) -> None:
    label = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    made = event_name(ObjectReference("v1", kind, "shop", name, "u1"))
    assert re.fullmatch(rf"{label}(\.{label})*", made)
    assert len(made) <= 253


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        pytest.param("web-0", "web-0", id="plain"),
        pytest.param("system:node", "pod", id="not-a-dns-name"),
        pytest.param("a" * 253, "a" * 236, id="too-long"),
        pytest.param("a" * 235 + "-b", "a" * 235, id="cut-at-a-dash"),
    ],
)
def test_event_names_tell_the_object_where_they_can(name: str, stem: str) -> None:
    made = event_name(ObjectReference("v1", "Pod", "shop", name, "u1"))
    assert made.rpartition(".")[0] == stem
