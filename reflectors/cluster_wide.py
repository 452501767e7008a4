"""The reflector of one cluster-wide kind: what there is on one side is copied to the other.

These kinds are off by default, and need rights over the whole host cluster. While the kind is off, and as soon as it
is, there are no copies.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from kube.client import Client, PatchType
from kube.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.reconciler import Limits, Reconciler
from kube.resources import Resource
from kube.work_queue import WorkQueue
from reflectors.hearing import Hears
from reflectors.host_objects import body_of
from reflectors.kind_reflector import OFF_SECONDS
from reflectors.lag import Lag
from reflectors.latest import Latest
from reflectors.obstacle import found_obstacle
from reflectors.refused import is_lost_race, refusal_of
from reflectors.tenant_events import TenantEvents
from reflectors.tools import Tools
from reflectors.translation.json_values import Json
from reflectors.translation.writes import Create, Delete, HostWrite, Patch, Refuse

WORKERS = 2

log = structlog.get_logger()


class ClusterWideRules(Protocol):
    """What the reflector of one kind has to be told of it."""

    @property
    def kind(self) -> str: ...

    def copy_name(self, name: str) -> str:
        """What the copy of an original is called."""

    def original_name(self, copy: Json) -> str:
        """Whose copy an object is; empty if it is none."""

    def next_write(self, original: Json | None, copy: Json | None) -> HostWrite | None:
        """Return the next write on the copy; `original` is None if there is none, or none is wanted."""


@dataclass(frozen=True, slots=True)
class Direction:
    """Where the originals are, and where the copies."""

    originals: Client
    copies: Client
    copies_selector: str = ""  # labels that all copies have; empty if others' objects matter too


class ClusterWideReflector:
    """Part of the daemon."""

    def __init__(
        self,
        rules: ClusterWideRules,
        resource: Resource,
        direction: Direction,
        tools: Tools,
        *,
        is_on: Callable[[], bool],
        wanted: Callable[[Object], bool],
    ) -> None:
        """`is_on`: whether any object may be wanted; `changed` is to be called when the answer changes."""
        self._rules = rules
        self._resource = resource
        self._direction = direction
        self._sides = sides = tools.sides
        self._is_on = is_on
        self._wanted = wanted
        self._clock = clock = tools.clock
        self._whenever_leading = tools.sides.whenever_leading
        self._switched = asyncio.Event()
        self._known = asyncio.Event()
        timing = Timing(clock=clock)
        self._originals = Informer(direction.originals, resource, timing=timing)
        self._copies = Informer(direction.copies, resource, label_selector=direction.copies_selector, timing=timing)
        self._latest = Latest.of(self._copies)
        self._events = TenantEvents(sides.recorder)
        self._queue: WorkQueue[str] = WorkQueue(clock, partition=lambda _: "")
        lag: Lag[str] = tools.lags.of(resource.plural)
        goes_down = direction.originals is sides.virtual
        hear = (lag.of_virtual if goes_down else lag.of_host)(self._queue.add)
        self._wrote = lag.wrote_host if goes_down else lag.wrote_virtual
        self._originals.add_handler(Hears(lambda original: hear(original.name)))
        self._copies.add_handler(Hears(self._hear_of_copy))
        self._log = log.bind(kind=rules.kind)
        self._reconciler = Reconciler(
            resource.plural,
            self._queue,
            lag.measured(self._reconcile),
            limits=Limits(workers=WORKERS),
            observers=[tools.metrics.reconciler(resource.plural, self._queue)],
        )
        tools.metrics.informer(f"original {resource.plural}", self._originals)
        tools.metrics.informer(f"copied {resource.plural}", self._copies)
        self.obstacle = ""  # why the kind is off although it is wanted
        tools.metrics.switch(resource.plural, lambda: not self.obstacle, is_wanted=is_on)

    async def run(self) -> None:
        if not self._is_on():
            self._known.set()
        async with asyncio.TaskGroup() as group:
            await self._until_possible(self._direction.copies)
            group.create_task(self._copies.run(), name=f"copied {self._resource.plural}")
            await self._copies.wait_synced()
            group.create_task(self._whenever_leading(self._reconciler.run), name=f"reconcile {self._resource.plural}")
            # While nothing is wanted, that there are no copies is all there is to see to.
            await self._until_possible(self._direction.originals)
            group.create_task(self._originals.run(), name=f"original {self._resource.plural}")
            await self._originals.wait_synced()
            self._known.set()
            self._wake_all()

    async def wait_known(self) -> None:
        """Wait until `original` can be relied upon: originals are read, or it is clear that they cannot be."""
        await self._known.wait()

    def changed(self) -> None:
        """Look at everything again: another kind or selection of objects may be wanted."""
        self._switched.set()
        self._wake_all()

    def original(self, name: str) -> Object | None:
        """The original of that name if it is to be reflected, and can be."""
        original = self._originals.store.get(Key("", name))
        return original if original is not None and self._is_on() and self._wanted(original) else None

    def seen(self, name: str) -> Object | None:
        """The original of that name, reflected or not; None also while originals cannot be seen."""
        return self._originals.store.get(Key("", name))

    async def _until_possible(self, client: Client) -> None:
        while obstacle := await found_obstacle(client, self._resource):
            if self._is_on() and obstacle != self.obstacle:
                self._log.warning("kind is off", why=obstacle)
                self._sides.warn_node("ReflectionOff", f"{self._rules.kind} objects are not reflected: {obstacle}")
                self.obstacle = obstacle
            self._known.set()
            with suppress(TimeoutError):
                async with self._clock.timeout(OFF_SECONDS if self._is_on() else None):
                    await self._switched.wait()
            self._switched.clear()
        self.obstacle = ""

    async def _reconcile(self, name: str) -> None:
        if self._is_on() and not self._originals.synced:
            return  # nobody knows yet what is wanted
        await self._take_step(name, self._latest.get(Key("", self._rules.copy_name(name))))

    async def _take_step(self, name: str, copy: Object | None) -> None:
        original = self.original(name)
        write = self._rules.next_write(body_of(original), body_of(copy))
        try:
            await self._write(name, write, original, copy)
        except (Forbidden, Invalid) as error:
            if not is_lost_race(error):
                self._refuse(refusal_of(error), original, copy)
            raise

    async def _write(self, name: str, write: HostWrite | None, original: Object | None, copy: Object | None) -> None:
        client, copy_name = self._direction.copies, self._rules.copy_name(name)
        match write:
            case Create(body, lost):
                self._log.info("creating copy", name=name)
                await self._create(name, body, copy_name)
                self._wrote(name)
                if original is not None and self._direction.originals is self._sides.virtual:
                    self._events.lost(original, lost)
            case Patch(body, why):
                self._log.info("patching copy", name=name, why=why)
                changed = await client.patch(self._resource, copy_name, body, patch_type=PatchType.MERGE)
                self._latest.wrote(changed)
                self._wrote(name)
            case Delete(uid, _, why):
                self._log.info("deleting copy", name=name, why=why)
                with suppress(NotFound, Conflict):
                    await client.delete(self._resource, copy_name, uid=uid)
                self._wrote(name)
            case Refuse():
                self._refuse(write, original, copy)

    async def _create(self, name: str, body: dict[str, object], copy_name: str) -> None:
        try:
            self._latest.wrote(await self._direction.copies.create(self._resource, body))
        except AlreadyExists:
            # Either the watch is late, or somebody else's object bears the name.
            present = await self._direction.copies.get(self._resource, copy_name)
            if not self._rules.original_name(present.to_dict()):
                await self._take_step(name, present)  # which refuses
            raise

    def _refuse(self, refused: Refuse, original: Object | None, copy: Object | None) -> None:
        virtual = original if self._direction.originals is self._sides.virtual else copy
        if virtual is not None:
            self._events.refused(virtual, refused)

    def _hear_of_copy(self, copy: Object) -> None:
        name = self._rules.original_name(copy.to_dict())
        if name:
            self._queue.add(name)

    def _wake_all(self) -> None:
        for original in self._originals.store.values():
            self._queue.add(original.name)
        for copy in self._copies.store.values():
            self._hear_of_copy(copy)
