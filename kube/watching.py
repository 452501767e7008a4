"""How a store is kept equal to a collection on an API server: which request comes next, and what its answers mean.

Pure: no I/O, no clock, no chance. `Mirror` takes in what lists and watches say, in the order in which they say it.
`Course` decides, from how each step ended, what the next one is and whether to rest before it. Promises:

- a resourceVersion is resumed from only if everything up to it has been taken in; a list that broke off leaves none;
- what a completed list does not show is deleted, with its last known state;
- time never runs backwards unnoticed: a server that lost its data (restored, wiped) is listed anew, whether its
  resourceVersion is behind ours (it would keep silent until it caught up) or has overtaken it;
- whatever goes wrong for ever is tried for ever, at growing intervals.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from kube.backoff import Backoff
from kube.codec import DecodeError, EventType, Listing, WatchEvent
from kube.errors import (
    ApiError,
    Forbidden,
    NotFound,
    ServerTimeout,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from kube.objects import Key, Object
from kube.store import Change, Changes, Store

_BOOKMARK, _DELETED = EventType.BOOKMARK, EventType.DELETED  # as with codec's: found once, not for each event
INITIAL_EVENTS_END = "k8s.io/initial-events-end"
HEALTHY_SECONDS = 10.0  # a watch that lived as long was a good one: what ended it is a new trouble, not the old one


class WentBackwards(Exception):  # noqa: N818 - what happened is no error of anybody's program
    """A watch told of a time before the one it was asked to start from: this is not the history that we know."""


Failure = ApiError | DecodeError | WentBackwards


class Mirror:
    """Keeps a store equal to a collection."""

    def __init__(self, store: Store, transform: Callable[[Object], Object]) -> None:
        self.store = store
        self.resource_version = ""  # resume from here; empty: only a list can tell
        self._transform = transform
        self._unconfirmed: set[Key] = set()  # what was here before the list that is going on

    def begin_list(self) -> None:
        self.resource_version = ""
        self._unconfirmed = set(self.store.keys())

    def show(self, obj: Object) -> Changes:
        """Take in one object of the list."""
        self._unconfirmed.discard(obj.key)
        return self.store.put(self._transform(obj))

    def end_list(self, resource_version: str) -> Iterator[Change]:
        """Delete what the list did not show. The list counts once this has been read to its end."""
        for key in self._unconfirmed:
            last = self.store.get(key)
            if last is not None:
                yield from self.store.remove(last)
        self._unconfirmed = set()
        self.resource_version = resource_version

    def apply(self, event: WatchEvent) -> Changes:
        """Take in one event of a watch that started from `resource_version`."""
        resource_version = event.object.metadata.resource_version
        if is_older(resource_version, self.resource_version):
            raise WentBackwards(f"an event of resourceVersion {resource_version} came after {self.resource_version}")
        changes = self._take(event)
        self.resource_version = resource_version
        return changes

    def apply_initial(self, event: WatchEvent) -> Changes:
        """Take in one event of a streaming list, whose events are in no order of time."""
        self._unconfirmed.discard(event.object.key)
        return self._take(event)

    def _take(self, event: WatchEvent) -> Changes:
        if event.type is _BOOKMARK:
            return ()
        obj = self._transform(event.object)
        return self.store.remove(obj) if event.type is _DELETED else self.store.put(obj)


def ends_streaming_list(event: WatchEvent) -> bool:
    return event.type is _BOOKMARK and event.object.metadata.annotations.get(INITIAL_EVENTS_END) == "true"


def is_older(one: str, other: str) -> bool:
    """Whether a resourceVersion is certainly older; versions that are not numbers cannot be compared.

    Numbers have no leading zeros (KEP 5504): the shorter one is the smaller, and to make numbers of them takes longer.
    """
    return (len(one), one) < (len(other), other) and one.isdecimal() and other.isdecimal()


def is_same_history(now: Listing, witness: Object, resource_version: str) -> bool:
    """Whether the server still has the data that it had at `resource_version`.

    `now` is a fresh list of nothing but `witness`, the object known longest. If it is not there any more, that may be
    no more than a deletion; listing anew is right then, too, only dearer.
    """
    if is_older(now.resource_version, resource_version):
        return False
    return any(obj.key == witness.key and obj.uid == witness.uid for obj in now.objects)


class Step(Enum):
    LIST = "list"  # page by page
    STREAM = "stream"  # list and watch in one request
    CHECK = "check"  # is the server's history still the one that we resume?
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Course:
    step: Step = Step.STREAM
    failures: int = 0  # in a row
    rests: bool = False  # whether to wait before the step
    streaming: bool = True  # whether the server may have streaming lists
    proven: bool = False  # whether a watch was healthy since the last list

    def interrupted(self) -> "Course":
        """Go on after nobody was there for an unknown time."""
        return replace(self, step=Step.CHECK) if self.step is Step.WATCH else self

    def listed(self) -> "Course":
        """Go on after a list or a check that found all well."""
        return replace(self, step=Step.WATCH, rests=False)

    def relist(self) -> "Course":
        """List at once, for what is known is of no use."""
        return replace(self, step=self._list_step(), rests=False, proven=False)

    def ended(self, lived: float) -> "Course":
        """Go on after the server ended, in good order, what it streamed for so many seconds."""
        if self.step is Step.STREAM:
            return replace(self._after(lived), streaming=False, step=Step.LIST)
        return replace(self._after(lived, ended_well=True), step=Step.CHECK)

    def failed(self, failure: Failure, lived: float) -> "Course":
        """Go on after a step that failed after so many seconds."""
        match self.step:
            case Step.LIST:
                return self._after(0.0)
            case Step.CHECK:
                step = Step.CHECK if keeps_history(failure) else self._list_step()
                return replace(self._after(0.0), step=step)
            case Step.STREAM:
                return self._stream_failed(failure, lived)
            case Step.WATCH:
                return self._watch_failed(failure, lived)

    def _stream_failed(self, failure: Failure, lived: float) -> "Course":
        if is_refusal_to_stream(failure):
            return replace(self, streaming=False, step=Step.LIST, rests=False)
        # A server may also take the request and never come to an end of the list. Pages work everywhere.
        streaming = is_innocent(failure)
        return replace(self._after(lived), streaming=streaming, step=Step.STREAM if streaming else Step.LIST)

    def _watch_failed(self, failure: Failure, lived: float) -> "Course":
        if keeps_history(failure):
            return replace(self._after(lived), step=Step.CHECK)
        if self.proven or lived >= HEALTHY_SECONDS:
            return self.relist()
        return replace(self._after(lived), step=self._list_step(), proven=False)

    def _after(self, lived: float, *, ended_well: bool = False) -> "Course":
        if lived < HEALTHY_SECONDS:
            return replace(self, failures=self.failures + 1, rests=True)
        return replace(self, failures=0 if ended_well else 1, rests=not ended_well, proven=True)

    def _list_step(self) -> Step:
        return Step.STREAM if self.streaming else Step.LIST


def keeps_history(failure: Failure) -> bool:
    """Whether a watch that failed so may be resumed; by default it is not, for a poisoned one would fail for ever."""
    if isinstance(failure, ServerTimeout):
        return not failure.has_cause("ResourceVersionTooLarge")
    return isinstance(failure, Unreachable | Unauthorized | Forbidden | TooManyRequests | ServiceUnavailable)


def is_refusal_to_stream(failure: Failure) -> bool:
    """Whether the server does not know streaming lists: it forbids their parameters for a watch."""
    return isinstance(failure, ApiError) and failure.status in {400, 422}


def is_innocent(failure: Failure) -> bool:
    """Whether the failure has nothing to do with how the list was asked for."""
    if isinstance(failure, Unreachable):
        return failure.refused
    return isinstance(failure, Unauthorized | Forbidden | NotFound | TooManyRequests | ServiceUnavailable)


def rest_before(course: Course, failure: Failure | None, backoff: Backoff, random: Callable[[], float]) -> float:
    """Seconds to wait before the next step; a server that names a time to stay away is obeyed."""
    if not course.rests:
        return 0.0
    asked = failure.retry_after if isinstance(failure, ApiError) else None
    return max(backoff.delay(course.failures, random), asked or 0.0)
