"""Tells the owner of an object, by Events on it, what became of it and why.

    recorder = EventRecorder(client, "shop", SystemClock())
    group.create_task(recorder.run())
    recorder.record(reference(pod), Severity.WARNING, "Refused", "spec.hostNetwork is off here")

Promises: `record` never waits and never fails; the same event again is a higher count on the one that is there; no
object gets more than its share (see `events`); what cannot be written is tried again for a while, then dropped, and
counted in `state`.
"""

import asyncio
import random
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from kube.backoff import Backoff
from kube.client import PatchType
from kube.clock import Clock
from kube.codec import Body
from kube.errors import AlreadyExists, ApiError, BadRequest, Forbidden, Invalid, NotFound
from kube.events import Event, EventBook, ObjectReference, Series, Severity
from kube.objects import Object
from kube.resources import EVENTS, Resource

log = structlog.get_logger()

_BACKOFF = Backoff(base=1, cap=30)
_ATTEMPTS = 12
_FAREWELL_SECONDS = 1.0  # what a shutdown may cost
_HOPELESS = (BadRequest, Forbidden, Invalid, NotFound)  # the namespace is going, or gone
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 253


class Events(Protocol):
    """What a recorder needs of the client."""

    async def create(self, resource: Resource, body: Body, namespace: str | None = None) -> Object: ...

    async def patch(
        self, resource: Resource, name: str, body: Body, namespace: str | None = None, *, patch_type: PatchType
    ) -> Object: ...


@dataclass(slots=True)
class RecorderState:
    """What operators want to see; for reading only."""

    written: int = 0
    limited: int = 0  # beyond an object's share, or beyond what is remembered
    failed: int = 0  # given up


class EventRecorder:
    def __init__(self, client: Events, component: str, clock: Clock) -> None:
        self.state = RecorderState()
        self._client = client
        self._component = component
        self._clock = clock
        self._book = EventBook()
        self._news = asyncio.Event()
        self._failures = 0

    def record(self, about: ObjectReference, severity: Severity, reason: str, message: str) -> None:
        event = Event(about, severity, reason, message)
        if self._book.record(event, event_name(about), self._clock.utcnow(), self._clock.now()):
            self._news.set()
        else:
            self.state.limited += 1

    async def run(self) -> None:
        """Write what is recorded until cancelled, and then, for a moment, what is left."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                await self._write_all()
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with self._clock.timeout(_FAREWELL_SECONDS):
                    await self._write_all()
            raise

    async def _write_all(self) -> None:
        while (series := self._book.next()) is not None:
            try:
                await self._write(series)
            except _HOPELESS as error:
                self._drop(series, error)
            except ApiError as error:
                if series.attempts + 1 < _ATTEMPTS:
                    self._book.put_off(series)
                else:
                    self._drop(series, error)
                self._failures += 1
                await self._clock.sleep(_BACKOFF.delay(self._failures, random.random))
            else:
                self._failures = 0
                self.state.written += 1

    def _drop(self, series: Series, error: ApiError) -> None:
        self._book.drop(series)
        self.state.failed += 1
        about = series.event.about
        log.warning("event dropped", namespace=about.namespace, name=about.name, error=str(error))

    async def _write(self, series: Series) -> None:
        count = series.count
        namespace = _namespace(series)
        if not (series.is_stored and await self._update(series, namespace)):
            try:
                await self._client.create(EVENTS, event_body(series, self._component), namespace)
            except AlreadyExists:  # the name stays the same, so an earlier attempt came through after all
                await self._update(series, namespace)
        self._book.told(series, count)

    async def _update(self, series: Series, namespace: str) -> bool:
        """Raise the count of the stored event; False if the server keeps it no longer, as after an hour."""
        change = {"count": series.count, "lastTimestamp": _timestamp(series.last)}
        try:
            await self._client.patch(EVENTS, series.name, change, namespace, patch_type=PatchType.MERGE)
        except NotFound:
            return False
        return True


def event_name(about: ObjectReference) -> str:
    """Make up a name that is valid, and tells which object the event is about where that is possible."""
    stem = about.name if _DNS_SUBDOMAIN.fullmatch(about.name) else about.kind.lower()
    suffix = f".{secrets.token_hex(8)}"
    return stem[: _LONGEST_NAME - len(suffix)].rstrip("-.") + suffix


def event_body(series: Series, component: str) -> dict[str, Any]:
    event = series.event
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": series.name, "namespace": _namespace(series)},
        "involvedObject": _involved(event.about),
        "type": event.severity.value,
        "reason": event.reason,
        "message": event.message,
        "count": series.count,
        "firstTimestamp": _timestamp(series.first),
        "lastTimestamp": _timestamp(series.last),
        "source": {"component": component},
        "reportingComponent": component,
    }


def _involved(about: ObjectReference) -> dict[str, str]:
    fields = {
        "apiVersion": about.api_version,
        "kind": about.kind,
        "namespace": about.namespace,
        "name": about.name,
        "uid": about.uid,
        "fieldPath": about.field_path,
    }
    return {field: value for field, value in fields.items() if value}


def _namespace(series: Series) -> str:
    """Where kubectl looks for the events of cluster-wide objects, too."""
    return series.event.about.namespace or "default"


def _timestamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
