"""A live copy of a collection in memory: what the API server holds, and what became of each object, as it happens.

    pods = Informer(client, PODS, "shop")
    pods.add_handler(queue_keys)            # any object with on_change(change)
    async with asyncio.TaskGroup() as group:
        group.create_task(pods.run())
        await pods.wait_synced()
        ...                                 # pods.store.get(key), pods.store.by_index(name, value)

Promises: after any fault (server restarted, killed, paused, wiped; history compacted; connection cut or dead; refusals
and garbage) the store comes to equal the collection again, by itself, and every handler is told each difference once,
in the order of the store's states; states in between may be missed, never the last one. A handler that raises disturbs
neither the informer nor other handlers. One task; it gives way to others at the latest after `SLICE_SECONDS` of work.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from kube.backoff import Backoff
from kube.clock import Clock, SystemClock
from kube.codec import DecodeError, Listing, WatchEvent
from kube.errors import ApiError
from kube.objects import Object
from kube.resources import Resource
from kube.store import Change, Changes, Store
from kube.watching import (
    Course,
    Failure,
    Mirror,
    Step,
    WentBackwards,
    ends_streaming_list,
    is_same_history,
    rest_before,
)

SLICE_SECONDS = 0.01

log = structlog.get_logger()


class Handler(Protocol):
    def on_change(self, change: Change) -> None:
        """Be told of a change that the store has already. Must not block: queue the key and return."""


class Source(Protocol):
    """What an informer needs of the client."""

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Listing: ...

    def pages(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncGenerator[Listing]: ...

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
        send_initial_events: bool = False,
        timeout_seconds: int | None = None,
        silence: float = 75.0,
    ) -> AsyncGenerator[WatchEvent]: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient an informer is; in seconds."""

    backoff: Backoff = field(default_factory=lambda: Backoff(base=1.6, cap=30.0))  # less up to half by chance: >= 0.8
    watch: tuple[int, int] = (300, 600)  # how long the server shall keep a watch: not all of them end at once
    silence: float = 75.0  # a peer that sent nothing for so long is dead; bookmarks come each minute
    clock: Clock = field(default_factory=SystemClock)
    random: Callable[[], float] = random.random


@dataclass(slots=True)
class InformerState:
    """What operators want to see; for reading only."""

    step: Step
    running: bool = False
    failure: str | None = None  # why the last step failed; None when all is well
    failures_in_a_row: int = 0
    lists: int = 0  # completed ones
    watches: int = 0
    events: int = 0
    handler_failures: int = 0


class Informer:
    def __init__(
        self,
        client: Source,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        transform: Callable[[Object], Object] = lambda obj: obj,
        timing: Timing = Timing(),
    ) -> None:
        """Follow a resource in one namespace, or in all.

        `transform` trims each object before it is kept; it must leave name, namespace, uid and resourceVersion alone.
        """
        self.resource = resource
        self.namespace = namespace
        self.store = Store()
        self._client = client
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._timing = timing
        self._now = timing.clock.now
        self._mirror = Mirror(self.store, transform)
        self._course = Course()
        self._failure: Failure | None = None
        self._handlers: tuple[Handler, ...] = ()
        self._synced = asyncio.Event()
        self._gave_way = 0.0
        self.state = InformerState(self._course.step)
        self._log = log.bind(resource=resource.plural, namespace=namespace)

    @property
    def synced(self) -> bool:
        """Whether the store has been equal to the collection at least once."""
        return self._synced.is_set()

    @property
    def last_resource_version(self) -> str:
        """How far the store has followed the collection; empty before the first list and during each."""
        return self._mirror.resource_version

    async def wait_synced(self) -> None:
        await self._synced.wait()

    def add_handler(self, handler: Handler) -> None:
        """Tell `handler` of each change from now on, and first that each object which is here was added."""
        for obj in self.store.values():
            self._tell(handler, Change.added(obj))
        self._handlers = (*self._handlers, handler)

    async def run(self) -> None:
        """Follow the collection until cancelled. Raises nothing but faults of this program, `transform`'s included."""
        self._course = self._course.interrupted()
        self.state.running = True
        try:
            while True:
                await self._timing.clock.sleep(self._rest())
                await self._try_step()
        finally:
            self.state.running = False

    def _rest(self) -> float:
        return rest_before(self._course, self._failure, self._timing.backoff, self._timing.random)

    async def _try_step(self) -> None:
        started = self._now()
        try:
            await self._take_step()
        except (ApiError, DecodeError, WentBackwards) as failure:
            self._fail(failure, self._now() - started)

    async def _take_step(self) -> None:
        match self._course.step:
            case Step.LIST:
                await self._list()
            case Step.STREAM:
                await self._stream()
            case Step.CHECK:
                await self._check()
            case Step.WATCH:
                await self._watch()

    def _go_on(self, course: Course, failure: Failure | None = None) -> None:
        self._course, self._failure = course, failure
        self.state.step = course.step
        self.state.failure = None if failure is None else str(failure)
        self.state.failures_in_a_row = course.failures

    def _fail(self, failure: Failure, lived: float) -> None:
        course = self._course.failed(failure, lived)
        tell = self._log.warning if course.rests else self._log.debug  # what is remedied at once is all in a day's work
        tell("informer failed", step=self._course.step.value, failure=str(failure), failures=course.failures)
        self._go_on(course, failure)

    async def _list(self) -> None:
        self._mirror.begin_list()
        resource_version = ""
        selectors = {"label_selector": self._label_selector, "field_selector": self._field_selector}
        async with aclosing(self._client.pages(self.resource, self.namespace, **selectors)) as pages:
            async for page in pages:
                resource_version = resource_version or page.resource_version  # the oldest, should they differ
                for obj in page.objects:
                    await self._publish(self._mirror.show(obj))
        await self._end_list(resource_version)

    async def _stream(self) -> None:
        self._mirror.begin_list()
        started = self._now()
        async with aclosing(self._events(resource_version="", send_initial_events=True)) as events:
            async for event in events:
                if ends_streaming_list(event):
                    await self._end_list(event.object.resource_version)
                    break
                await self._publish(self._mirror.apply_initial(event))
            await self._follow(events, started)

    async def _end_list(self, resource_version: str) -> None:
        for change in self._mirror.end_list(resource_version):
            await self._publish((change,))
        self.state.lists += 1
        self._go_on(self._course.listed())
        self._synced.set()

    async def _check(self) -> None:
        """Find out whether the server still has the data that the store came from."""
        resource_version, witness = self.last_resource_version, self.store.oldest()
        if witness is None or not resource_version:
            self._go_on(self._course.relist())
            return
        now = await self._client.list(
            self.resource,
            witness.namespace or None,
            label_selector=self._label_selector,
            field_selector=",".join(filter(None, (self._field_selector, f"metadata.name={witness.name}"))),
        )
        same = is_same_history(now, witness, resource_version)
        self._go_on(self._course.listed() if same else self._course.relist())

    async def _watch(self) -> None:
        started = self._now()
        async with aclosing(self._events(resource_version=self.last_resource_version)) as events:
            await self._follow(events, started)

    def _events(self, *, resource_version: str, send_initial_events: bool = False) -> AsyncGenerator[WatchEvent]:
        self.state.watches += 1
        shortest, longest = self._timing.watch
        return self._client.watch(
            self.resource,
            self.namespace,
            resource_version=resource_version,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            send_initial_events=send_initial_events,
            timeout_seconds=shortest + int(self._timing.random() * (longest - shortest)),
            silence=self._timing.silence,
        )

    async def _follow(self, events: AsyncGenerator[WatchEvent], started: float) -> None:
        async for event in events:
            self.state.events += 1
            if self._is_turn_over_after(self._mirror.apply(event)):
                await self._give_way()
        lived = self._now() - started
        course = self._course.ended(lived)
        if course.rests:
            self._log.warning("informer lost its watch", seconds=round(lived, 3), failures=course.failures)
        self._go_on(course)

    async def _publish(self, changes: Changes) -> None:
        """Tell all handlers, and let other tasks run if it is their turn."""
        if self._is_turn_over_after(changes):
            await self._give_way()

    def _is_turn_over_after(self, changes: Changes) -> bool:
        """Tell all handlers; whether other tasks have waited long enough."""
        for change in changes:
            for handler in self._handlers:
                self._tell(handler, change)
        return self._now() - self._gave_way >= SLICE_SECONDS

    async def _give_way(self) -> None:
        await asyncio.sleep(0)
        self._gave_way = self._now()

    def _tell(self, handler: Handler, change: Change) -> None:
        try:
            handler.on_change(change)
        except Exception:  # noqa: BLE001 - one handler's fault must not cost the others their copy of the world
            self.state.handler_failures += 1
            self._log.exception("handler failed", key=str(change.key), change=change.kind.value)
