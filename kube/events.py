"""What has been said about which object, and how often: the memory behind the event recorder, free of I/O and clocks.

Promises: the same event again is counted, not repeated; one object gets `BURST` events at once and then one in
`REFILL_SECONDS`, and none of another object's; memory is bounded, whatever is recorded.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from kube.objects import Object

# Those of client-go, whose users know how much they will see.
BURST = 25
REFILL_SECONDS = 300
MEMORY = 4096

_LONGEST_MESSAGE = 1024


class Severity(StrEnum):
    NORMAL = "Normal"
    WARNING = "Warning"


class ObjectReference(NamedTuple):
    """The object that an event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    field_path: str = ""


def reference(obj: Object) -> ObjectReference:
    return ObjectReference(obj.api_version, obj.kind, obj.namespace, obj.name, obj.uid)


class Event(NamedTuple):
    about: ObjectReference
    severity: Severity
    reason: str
    message: str


@dataclass(slots=True)
class Series:
    """One event and how often it happened."""

    event: Event
    name: str
    first: datetime
    last: datetime
    count: int = 1
    is_stored: bool = False  # the API server has it under `name`
    attempts: int = 0


class EventBook:
    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._pending: OrderedDict[Event, Series] = OrderedDict()  # the one to be written next first
        self._told: OrderedDict[Event, Series] = OrderedDict()  # the rest: the one that happened longest ago first
        self._buckets: OrderedDict[ObjectReference, _Bucket] = OrderedDict()

    def record(self, event: Event, name: str, moment: datetime, now: float) -> bool:
        """Note that the event happened; False if nobody will hear of it.

        A known event beyond its object's limit is counted all the same, and told with the next one.
        """
        event = event._replace(message=_shortened(event.message))
        may_tell = self._bucket(event.about, now).take(now)
        series = self._pending.get(event) or self._told.pop(event, None)
        if series is not None:
            series.count += 1
            series.last = moment
        elif may_tell and self._make_room():
            series = Series(event, name, moment, moment)
        else:
            return False
        if may_tell or event in self._pending:
            self._pending[event] = series
            return True
        self._told[event] = series
        return False

    def next(self) -> Series | None:
        """The series that has waited longest for being written; it stays the next until `told` or put off."""
        return next(iter(self._pending.values()), None)

    def told(self, series: Series, count: int) -> None:
        """The API server has the series as of that count."""
        series.is_stored = True
        series.attempts = 0
        if series.count == count:
            self._told[series.event] = self._pending.pop(series.event)

    def put_off(self, series: Series) -> None:
        series.attempts += 1
        self._pending.move_to_end(series.event)

    def drop(self, series: Series) -> None:
        del self._pending[series.event]

    def _make_room(self) -> bool:
        if len(self._pending) + len(self._told) < self._memory:
            return True
        if not self._told:
            return False
        self._told.popitem(last=False)
        return True

    def _bucket(self, about: ObjectReference, now: float) -> "_Bucket":
        bucket = self._buckets.setdefault(about, _Bucket(now))
        self._buckets.move_to_end(about)
        if len(self._buckets) > self._memory:
            self._buckets.popitem(last=False)
        return bucket


class _Bucket:
    def __init__(self, now: float) -> None:
        self._tokens = float(BURST)
        self._filled = now

    def take(self, now: float) -> bool:
        self._tokens = min(BURST, self._tokens + (now - self._filled) / REFILL_SECONDS)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 1] + "…"
