"""A collection on an API server in memory, exact to the resourceVersion, with a script of what happens meanwhile.

Before each answer, page and event one act of the script is performed: the collection changes or a fault strikes. Thus
every interleaving can be written down, and none depends on time.
"""
# ruff: noqa: ARG002 - a history is of one resource in one namespace, whatever else the Protocol lets one ask for

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from kube.codec import DecodeError, EventType, Listing, WatchEvent
from kube.errors import Answer, Unreachable, error_from_status
from kube.objects import Key, Metadata, Object, Status
from kube.resources import Resource
from kube.watching import INITIAL_EVENTS_END
from tests.virtual_clock import VirtualClock

Act = Callable[["History"], None]
PAGE = 2


class SwiftClock(VirtualClock):
    """Whoever sleeps finds that the time has passed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.jump(seconds)
        await asyncio.sleep(0)


class Ended(Exception):  # noqa: N818 - not an error: how a watch ends
    """The server ends the stream in good order."""


def put(name: str) -> Act:
    return lambda history: history.put(name)


def delete(name: str) -> Act:
    return lambda history: history.delete(name)


def bookmark(history: "History") -> None:
    history.version += 1  # something happened to another collection, or there would be nothing to tell
    history.say(EventType.BOOKMARK, Object(metadata=Metadata(resource_version=str(history.version))))


def compact(history: "History") -> None:
    history.compacted = history.version


def wipe(history: "History") -> None:
    """Lose all data, as when a server comes back with an empty disk."""
    history.objects, history.log, history.version, history.compacted = {}, [], 0, 0
    raise cut()


def wipe_and_overtake(history: "History") -> None:
    """Lose all data, and be busy enough to pass any resourceVersion that anybody knows before they come back."""
    history.objects, history.log = {}, []
    history.version += 100
    raise cut()


def pass_a_minute(history: "History") -> None:
    history.clock.jump(60)


def end(_: "History") -> None:
    raise Ended


def fail(failure: Exception) -> Act:
    def act(_: "History") -> None:
        raise failure

    return act


def cut() -> Unreachable:
    return Unreachable("GET", "/api/v1/pods", "connection cut")


def refusal(status: int, retry_after: float | None = None) -> Exception:
    return error_from_status("GET", "/api/v1/pods", Answer(status, retry_after=retry_after), Status())


def garbage(_: "History") -> None:
    raise DecodeError("not a watch event")


@dataclass
class History:
    script: list[Act] = field(default_factory=list)  # the next act is the last
    streams_lists: bool = False
    drifts: bool = False  # its pages are not of one moment
    clock: SwiftClock = field(default_factory=SwiftClock)
    objects: dict[str, Object] = field(default_factory=dict)
    version: int = 0
    compacted: int = 0
    births: int = 0
    log: list[WatchEvent] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    played: asyncio.Event = field(default_factory=asyncio.Event)  # an informer has seen everything and waits

    def put(self, name: str) -> None:
        known = self.objects.get(name)
        self.version += 1
        self.births += known is None
        uid = known.uid if known else str(self.births)
        self.objects[name] = Object(
            metadata=Metadata(namespace="shop", name=name, uid=uid, resource_version=str(self.version))
        )
        self.say(EventType.MODIFIED if known else EventType.ADDED, self.objects[name])

    def delete(self, name: str) -> None:
        known = self.objects.pop(name, None)
        if known is not None:
            self.version += 1
            last = Metadata(namespace="shop", name=name, uid=known.uid, resource_version=str(self.version))
            self.say(EventType.DELETED, Object(metadata=last))

    def say(self, kind: EventType, obj: Object) -> None:
        self.log.append(WatchEvent(kind, obj))

    def happen(self) -> bool:
        """Perform the next act; False when there is none left."""
        if not self.script:
            return False
        self.script.pop()(self)
        return True

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Listing:
        self.requests.append(f"list {field_selector}")
        self.happen_unless_ended()
        wanted = field_selector.removeprefix("metadata.name=")
        return Listing([obj for obj in self.objects.values() if obj.name == wanted], str(self.version))

    async def pages(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncGenerator[Listing]:
        self.requests.append("pages")
        self.happen_unless_ended()
        objects, version = list(self.objects.values()), self.version
        yield Listing(objects[:PAGE], str(version))
        for start in range(PAGE, len(objects), PAGE):
            self.happen_unless_ended()
            if self.compacted > version:
                raise refusal(410)
            yield Listing(objects[start : start + PAGE], str(self.version if self.drifts else version))

    async def watch(
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
    ) -> AsyncGenerator[WatchEvent]:
        self.requests.append("stream" if send_initial_events else f"watch {resource_version}")
        if send_initial_events and not self.streams_lists:
            raise refusal(422)
        since = self.version if send_initial_events else int(resource_version)
        if since < self.compacted:
            raise refusal(410)
        initial = self.initial_events() if send_initial_events else []
        try:
            for event in initial:
                self.happen()
                yield event
            async for event in self.later_events(since):
                yield event
        except Ended:
            return

    def initial_events(self) -> Sequence[WatchEvent]:
        end = Metadata(resource_version=str(self.version), annotations={INITIAL_EVENTS_END: "true"})
        shown = [WatchEvent(EventType.ADDED, obj) for obj in self.objects.values()]
        return [*shown, WatchEvent(EventType.BOOKMARK, Object(metadata=end))]

    async def later_events(self, since: int) -> AsyncGenerator[WatchEvent]:
        told = 0
        while True:
            while told < len(self.log):
                event = self.log[told]
                told += 1
                if int(event.object.resource_version) > since:
                    yield event
            if not self.happen():
                self.played.set()
                await asyncio.Event().wait()

    def happen_unless_ended(self) -> None:
        """Perform an act where there is no stream that could end in good order."""
        try:
            self.happen()
        except Ended:
            raise cut() from None

    def truth(self) -> dict[Key, Object]:
        return {obj.key: obj for obj in self.objects.values()}
