"""The reflector of one kind of namespaced object that is no pod: its host copies are kept true, and they report back.

One queue, fed by both sides, keyed by the virtual object. What to write is for the kind's rules to say; here it is
carried out. Where an API server does not have the kind, or does not let us see it, the kind is off until it does: that
is told once, and nothing else suffers.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import structlog

from kube.client import PatchType
from kube.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.reconciler import Limits, Reconciler
from kube.resources import Resource
from kube.work_queue import WorkQueue
from reflectors.hearing import HearsKeys
from reflectors.host_objects import body_of, is_copy_of, key_of_original, ours
from reflectors.lag import Lag
from reflectors.latest import Latest
from reflectors.obstacle import found_obstacle
from reflectors.refused import REFUSALS, first_taken, is_lost_race, refusal_of, virtual_refusal_of
from reflectors.tenant_events import TenantEvents
from reflectors.tools import Tools
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.kinds import Rules
from reflectors.translation.writes import Create, Delete, HostWrite, Patch, PatchVirtual, Refuse

SWEEP_SECONDS = 600.0
OFF_SECONDS = 60.0  # between looks at whether a kind that is off can be reflected by now
WORKERS = 8

log = structlog.get_logger()


class Resources(NamedTuple):
    """The kind on each side, in the version that its API server offers."""

    virtual: Resource
    host: Resource


class KindReflector:
    """Part of the daemon."""

    def __init__(
        self,
        rules: Rules,
        resources: Resources,
        tools: Tools,
        *,
        wanted: Callable[[Object], bool] = lambda _: True,
        is_on: Callable[[], bool] = lambda: True,
    ) -> None:
        """`wanted`: whether a virtual object is to be on the host; `wake` its key when the answer changes.

        `is_on`: whether any may be wanted, so that somebody has to know if the kind cannot be reflected.
        """
        self._rules = rules
        self._resources = resources
        self._sides = sides = tools.sides
        self._context = context = tools.context
        self._clock = clock = tools.clock
        self._whenever_leading = tools.sides.whenever_leading
        self._wanted = wanted
        self._is_on = is_on
        timing = Timing(clock=clock)
        self._virtual_objects = Informer(sides.virtual, resources.virtual, timing=timing)
        self._host_objects = Informer(
            sides.host, resources.host, context.host_namespace, label_selector=ours(context), timing=timing
        )
        self._virtual = Latest.of(self._virtual_objects)
        self._host = Latest.of(self._host_objects)
        self._events = TenantEvents(sides.recorder)
        self._handlers: tuple[Callable[[Key], None], ...] = ()
        self._queue: WorkQueue[Key] = WorkQueue(clock, partition=lambda key: key.namespace)
        plural = resources.virtual.plural
        self._lag: Lag[Key] = tools.lags.of(plural)
        self._virtual_objects.add_handler(HearsKeys(lambda obj: obj.key, self._lag.of_virtual(self._changed)))
        self._host_objects.add_handler(HearsKeys(self._key_of_host, self._lag.of_host(self._changed)))
        self._log = log.bind(kind=rules.kind)
        self._reconciler = Reconciler(
            plural,
            self._queue,
            self._lag.measured(self._reconcile),
            limits=Limits(workers=WORKERS),
            observers=[tools.metrics.reconciler(plural, self._queue)],
        )
        tools.metrics.informer(f"virtual {plural}", self._virtual_objects)
        tools.metrics.informer(f"host {plural}", self._host_objects)
        self._known = asyncio.Event()
        self.obstacle = ""  # why the kind is off; empty while it is on
        tools.metrics.switch(plural, lambda: not self.obstacle, is_wanted=is_on)

    @property
    def synced(self) -> bool:
        """Whether both sides have been seen whole."""
        return self._virtual_objects.synced and self._host_objects.synced

    async def wait_known(self) -> None:
        """Wait until all virtual objects have been seen, or it is clear that the kind is off."""
        await self._known.wait()

    async def wait_synced(self) -> None:
        await self._virtual_objects.wait_synced()
        await self._host_objects.wait_synced()

    async def run(self) -> None:
        await self._until_possible()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._virtual_objects.run(), name=f"virtual {self._resources.virtual.plural}")
            group.create_task(self._host_objects.run(), name=f"host {self._resources.host.plural}")
            # A host object is an orphan only if all virtual ones are known.
            await self.wait_synced()
            self._known.set()
            group.create_task(
                self._whenever_leading(self._reconciler.run), name=f"reconcile {self._resources.virtual.plural}"
            )
            group.create_task(self._sweep(), name=f"sweep {self._resources.virtual.plural}")

    def add_handler(self, handler: Callable[[Key], None]) -> None:
        """Tell `handler` the key of each virtual object that changes on either side."""
        self._handlers = (*self._handlers, handler)

    def wake(self, key: Key) -> None:
        """Look at this object again: something that its rules or `wanted` look at has changed."""
        self._queue.add(key)

    def wake_all(self) -> None:
        for virtual in self._virtual_objects.store.values():
            self._queue.add(virtual.key)
        for host in self._host_objects.store.values():
            key = self._key_of_host(host)
            if key is not None:
                self._queue.add(key)

    def virtual(self, key: Key) -> Object | None:
        return self._virtual.get(key)

    def host(self, key: Key) -> Object | None:
        """Return the virtual object's own host copy; None if it has none, or one of both is being replaced."""
        virtual, host = self._virtual.get(key), self._host.get(self._host_key(key))
        if virtual is None or host is None:
            return None
        return host if is_copy_of(host, virtual, self._rules.kind, self._context) else None

    def pair_of_host(self, host: Key) -> tuple[Object, Object] | None:
        """Return the virtual and the host object, for whoever knows the host object's namespace and name."""
        seen = self._host_objects.store.get(host)
        key = self._key_of_host(seen) if seen is not None else None
        virtual = self._virtual.get(key) if key is not None else None
        own = self.host(key) if key is not None else None
        return (virtual, own) if virtual is not None and own is not None else None

    def lacks_copy(self, key: Key) -> bool:
        """Whether this object is to be on the host, as far as is known, and has no copy of its own there yet."""
        if not self.synced:
            return not self.obstacle  # where the kind is off, nobody waits for it
        virtual = self._virtual.get(key)
        return virtual is not None and self._wanted(virtual) and self.host(key) is None

    def withholds(self, key: Key) -> bool:
        """Whether this object is not to be on the host, although somebody there may look for it."""
        if not self.synced:
            return bool(self.obstacle)
        virtual = self._virtual.get(key)
        return virtual is not None and not self._wanted(virtual)

    async def _until_possible(self) -> None:
        """Wait until both API servers have the kind and let us see it."""
        told = ""
        while obstacle := await self._found_obstacle():
            if obstacle != told and self._is_on():
                told = obstacle
                self._log.warning("kind is off", why=obstacle)
                self._sides.warn_node("ReflectionOff", f"{self._rules.kind} objects are not reflected: {obstacle}")
            self.obstacle = obstacle
            self._known.set()
            await self._clock.sleep(OFF_SECONDS)
        self.obstacle = ""

    async def _found_obstacle(self) -> str:
        virtual, host = self._resources
        return await found_obstacle(self._sides.virtual, virtual, None) or await found_obstacle(
            self._sides.host, host, self._context.host_namespace
        )

    async def _sweep(self) -> None:
        """Look at everything again from time to time, should a wake-up ever have been lost; that costs no request."""
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            self.wake_all()

    def _changed(self, key: Key) -> None:
        self._queue.add(key)
        for handler in self._handlers:
            handler(key)

    async def _reconcile(self, key: Key) -> None:
        """Make the next write, if there is one: the watch tells of it, and that wakes us for the one after it."""
        virtual, host = self._virtual.get(key), self._host.get(self._host_key(key))
        if virtual is None and host is None:
            self._forget(key)
            return
        await self._take_step(key, virtual if virtual is not None and self._wanted(virtual) else None, host)

    async def _take_step(self, key: Key, virtual: Object | None, host: Object | None) -> None:
        virtual_body, host_body = body_of(virtual), body_of(host)
        write = self._rules.next_host_write(virtual_body, host_body)
        if write is None or isinstance(write, Refuse):
            await self._report(virtual, virtual_body, host_body, write)
            return
        try:
            if await self._write_host(key, virtual, write):
                self._lag.wrote_host(key)
            else:  # the host keeps its own mind, and wakes nobody
                await self._report(virtual, virtual_body, host_body, None)
        except REFUSALS as error:  # a quota, an admission rule: that is told, and tried again later
            if not is_lost_race(error):
                await self._report(virtual, virtual_body, host_body, refusal_of(error))
            raise

    async def _report(
        self, virtual: Object | None, virtual_body: Json | None, host_body: Json | None, refused: Refuse | None
    ) -> None:
        if virtual is None or virtual_body is None:
            return
        if refused is not None:
            self._events.refused(virtual, refused)
        write = self._rules.next_virtual_write(virtual_body, host_body, refused)
        if write is None:
            return
        try:
            await self._write_virtual(virtual.key, write)
            self._lag.wrote_virtual(virtual.key)
        except (Forbidden, Invalid) as error:
            if not is_lost_race(error):
                self._events.refused(virtual, virtual_refusal_of(error))
            raise

    async def _write_host(self, key: Key, virtual: Object | None, write: HostWrite) -> bool:
        """Carry a write out; whether the watch will tell of it."""
        resource, (namespace, name) = self._resources.host, self._host_key(key)
        match write:
            case Create():
                await self._create(key, virtual, write)
            case Patch(body, why, subresource, otherwise):
                self._log.info("patching host object", key=str(key), why=why)
                before = self._host.get(Key(namespace, name))

                async def patch(body: Draft) -> Object:
                    return await self._sides.host.patch(
                        resource, name, body, namespace, patch_type=PatchType.MERGE, subresource=subresource
                    )

                changed = await first_taken((body, *otherwise), patch)
                self._host.wrote(changed)
                return before is None or changed.resource_version != before.resource_version
            case Delete(uid, _, why):
                self._log.info("deleting host object", key=str(key), why=why)
                with suppress(NotFound, Conflict):  # it is gone, or another by now; the watch will tell
                    await self._sides.host.delete(resource, name, namespace, uid=uid)
            case Refuse():
                pass
        return True

    async def _create(self, key: Key, virtual: Object | None, write: Create) -> None:
        resource, host_key = self._resources.host, self._host_key(key)
        self._log.info("creating host object", key=str(key), host_object=host_key.name)

        async def create(body: Draft) -> Object:
            return await self._sides.host.create(resource, body, host_key.namespace)

        try:
            created = await first_taken((write.body, *write.otherwise), create)
        except AlreadyExists:
            # Either the watch is late, or somebody else's object bears the name.
            created = await self._sides.host.get(resource, host_key.name, host_key.namespace)
            if self._key_of_host(created) is None:
                await self._take_step(key, virtual, created)  # which refuses
                raise  # nobody tells us when that object goes: it is not ours to watch
        if virtual is not None:
            self._events.lost(virtual, write.lost)
        self._host.wrote(created)

    async def _write_virtual(self, key: Key, write: PatchVirtual) -> None:
        self._log.info("patching virtual object", key=str(key), why=write.why)

        async def patch(body: Draft) -> Object:
            return await self._sides.virtual.patch(
                self._resources.virtual,
                key.name,
                body,
                key.namespace,
                patch_type=PatchType.MERGE,
                subresource=write.subresource,
            )

        with suppress(NotFound):  # the watch will tell
            self._virtual.wrote(await first_taken((write.body, *write.otherwise), patch))

    def _forget(self, key: Key) -> None:
        self._virtual.forget(key)
        self._host.forget(self._host_key(key))
        self._events.forget(key)

    def _host_key(self, key: Key) -> Key:
        return Key(self._context.host_namespace, self._context.host_name(self._rules.kind, key.namespace, key.name))

    def _key_of_host(self, host: Object) -> Key | None:
        return key_of_original(host, self._rules.kind, self._context)
