"""Events of the host about its objects, told to tenants on the virtual ones: pulls, failing probes, unbound claims.

Each is told once and counted up as it is there; after a restart what was told is recognised by its name. Telling is
best effort, as events are: what the virtual API server does not take after a few tries is dropped, and counted.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import msgspec

from kube.client import PatchType
from kube.errors import AlreadyExists, ApiError, Forbidden, Invalid, NotFound
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.reconciler import Limits, Reconciler, Refused
from kube.resources import EVENTS
from kube.store import Change
from kube.work_queue import WorkQueue
from reflectors.lag import Lag
from reflectors.tools import Tools
from reflectors.translation.host_events import repetition, virtual_event

WORKERS = 4
MOST_TRIES = 5


class Pairs(Protocol):
    """Which virtual object a host object of one kind stands for; the kind's reflector knows."""

    def pair_of_host(self, host: Key) -> tuple[Object, Object] | None:
        """The virtual and the host object, by the host object's namespace and name."""


class _Involved(msgspec.Struct):
    kind: str = ""
    namespace: str = ""
    name: str = ""


class HostEvents:
    """Part of the daemon."""

    def __init__(self, tools: Tools, pairs: Mapping[str, Pairs]) -> None:
        """`pairs` are by kind."""
        self._context = context = tools.context
        self._virtual = tools.sides.virtual
        self._whenever_leading = tools.sides.whenever_leading
        self._pairs = pairs
        timing = Timing(clock=tools.clock)
        self._informer = Informer(tools.sides.host, EVENTS, context.host_namespace, timing=timing)
        self._queue: WorkQueue[Key] = WorkQueue(tools.clock, partition=self._virtual_namespace)
        self._lag: Lag[Key] = tools.lags.of("events")
        self._hear = self._lag.of_host(self._queue.add)
        self._informer.add_handler(self)
        self._reconciler = Reconciler(
            "events",
            self._queue,
            self._lag.measured(self._tell),
            limits=Limits(workers=WORKERS),
            observers=[tools.metrics.reconciler("events", self._queue)],
        )
        self._told: dict[Key, str] = {}  # resourceVersion of the host event as the tenant was told
        tools.metrics.informer("host events", self._informer)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._informer.run(), name="host events")
            group.create_task(self._whenever_leading(self._reconciler.run), name="tell events")

    def on_change(self, change: Change) -> None:
        """Hear of an event of the host."""
        if change.new is None:
            self._told.pop(change.key, None)
        else:
            self._hear(change.key)

    async def _tell(self, key: Key) -> None:
        event = self._informer.store.get(key)
        pair = self._pair(event) if event is not None else None
        if event is None or pair is None or self._told.get(key) == event.resource_version:
            return
        virtual, host = pair
        told = virtual_event(event.to_dict(), virtual.to_dict(), host.to_dict(), self._context)
        if told is None:
            return
        try:
            await self._write(told, repeated=key in self._told)
        except (Forbidden, Invalid, NotFound) as error:  # its namespace is going
            raise Refused(str(error)) from error
        except ApiError as error:
            if self._queue.failures(key) >= MOST_TRIES:
                raise Refused(f"given up: {error}") from error
            raise
        self._lag.wrote_virtual(key)
        self._told[key] = event.resource_version

    async def _write(self, told: dict[str, object], *, repeated: bool) -> None:
        if not repeated:
            try:
                await self._virtual.create(EVENTS, told)
            except AlreadyExists:  # told before a restart; it may have happened again since
                pass
            else:
                return
        metadata = told["metadata"]
        assert isinstance(metadata, dict)  # noqa: S101 - it was made so
        patch = repetition(told)
        if patch:
            name, namespace = metadata["name"], metadata["namespace"]
            await self._virtual.patch(EVENTS, name, patch, namespace, patch_type=PatchType.MERGE)

    def _pair(self, event: Object) -> tuple[Object, Object] | None:
        about = event.decode("involvedObject", _Involved) or _Involved()
        pairs = self._pairs.get(about.kind)
        return pairs.pair_of_host(Key(about.namespace, about.name)) if pairs else None

    def _virtual_namespace(self, key: Key) -> str:
        event = self._informer.store.get(key)
        pair = self._pair(event) if event is not None else None
        return pair[0].namespace if pair else ""
