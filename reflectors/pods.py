"""The pod reflector: every pod of the virtual nodes runs on the host, and its status comes back.

One queue, fed by both sides, keyed by the virtual pod. What to write is decided in `translation.pod_writes`; here it is
carried out. Events of both API servers wake it, nothing is polled; the two caches are its only state.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from kube.client import PatchType
from kube.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.reconciler import Limits, Reconciler, RequeueAfter
from kube.resources import PODS
from kube.work_queue import WorkQueue
from reflectors.dependencies import PATIENCE, Dependencies, Missing
from reflectors.hearing import HearsKeys
from reflectors.host_objects import body_of, is_copy_of, key_of_original, ours
from reflectors.lag import Lag
from reflectors.latest import Latest
from reflectors.refused import is_lost_race, refusal_of
from reflectors.tenant_events import TenantEvents
from reflectors.tools import Tools
from reflectors.translation import pod_writes
from reflectors.translation.json_values import Json
from reflectors.translation.lost_on_host import lost_on_host
from reflectors.translation.pod_spec import KIND
from reflectors.translation.writes import Create, Delete, Finalize, HostWrite, Patch, PatchStatus, Refuse, VirtualWrite
from reflectors.virtual_pods import VirtualPods

SWEEP_SECONDS = 600.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pair:
    """A virtual pod and the host pod that runs it."""

    virtual: Object
    host: Object


class PodReflector:
    """Part of the daemon."""

    def __init__(
        self, virtual_pods: VirtualPods, tools: Tools, dependencies: Dependencies, *, workers: int = 32
    ) -> None:
        self._sides = tools.sides
        self._context = context = tools.context
        self._clock = tools.clock
        self._whenever_leading = tools.sides.whenever_leading
        self._dependencies = dependencies
        self._waiting_since: dict[Key, float] = {}
        # UIDs of pods that their API server has removed, virtual and host ones, which the watch will tell.
        self._let_go: dict[Key, str] = {}
        self._taken_away: dict[Key, str] = {}
        self._virtual_pods = virtual_pods
        timing = Timing(clock=tools.clock)
        self._host_pods = Informer(
            tools.sides.host, PODS, context.host_namespace, label_selector=ours(context), timing=timing
        )
        self._virtual = virtual_pods.latest()
        self._host = Latest.of(self._host_pods)
        self._events = TenantEvents(tools.sides.recorder)
        self._queue: WorkQueue[Key] = WorkQueue(tools.clock, partition=lambda key: key.namespace)
        self._lag: Lag[Key] = tools.lags.of("pods")
        virtual_pods.add_handler(HearsKeys(virtual_pods.key_of, self._lag.of_virtual(self._queue.add)))
        self._host_pods.add_handler(HearsKeys(self._key_of_host, self._lag.of_host(self._queue.add)))
        dependencies.add_handler(self._queue.add)
        self._reconciler = Reconciler(
            "pods",
            self._queue,
            self._lag.measured(self._reconcile),
            limits=Limits(workers=workers),
            observers=[tools.metrics.reconciler("pods", self._queue)],
        )
        tools.metrics.informer("host pods", self._host_pods)

    @property
    def synced(self) -> bool:
        """Whether both sides have been seen whole."""
        return self._virtual_pods.synced and self._host_pods.synced

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._host_pods.run(), name="host pods")
            # A host pod is an orphan only if all virtual pods are known, and the other way round.
            await self._virtual_pods.wait_synced()
            await self._host_pods.wait_synced()
            group.create_task(self._whenever_leading(self._reconciler.run), name="reconcile pods")
            group.create_task(self._sweep(), name="sweep pods")

    def pair(self, key: Key) -> Pair | None:
        """A virtual pod with its own host pod; None if it has none, or one of us is being replaced."""
        virtual, host = self._seen(key)
        if virtual is None or host is None:
            return None
        return Pair(virtual, host) if is_copy_of(host, virtual, KIND, self._context) else None

    def pair_of_host(self, host: Key) -> tuple[Object, Object] | None:
        """The same, for whoever knows the host pod's namespace and name."""
        pod = self._host_pods.store.get(host)
        key = self._key_of_host(pod) if pod is not None else None
        pair = self.pair(key) if key is not None else None
        return (pair.virtual, pair.host) if pair else None

    def pods(self) -> Iterable[Object]:
        """All virtual pods of our nodes."""
        return self._virtual_pods.values()

    def look_again(self) -> None:
        """Look at each pod that waits for something: it may wait no longer."""
        for key in self._waiting_since:
            self._queue.add(key)

    def wake_namespace(self, namespace: str) -> None:
        """Look at all pods of a virtual namespace again: something that they are translated with has changed."""
        for pod in self._virtual_pods.values():
            if pod.namespace == namespace:
                self._queue.add(pod.key)

    async def _sweep(self) -> None:
        """Look at everything again from time to time, should a wake-up ever have been lost; that costs no request."""
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            self._let_go.clear()
            self._taken_away.clear()
            virtual = (pod.key for pod in self._virtual_pods.values())
            host = map(self._key_of_host, self._host_pods.store.values())
            for key in {*virtual, *host} - {None}:
                if key is not None:
                    self._queue.add(key)

    async def _reconcile(self, key: Key) -> RequeueAfter | None:
        """Make the next write, if there is one: the watch tells of it, and that wakes us for the one after it."""
        virtual, host = self._seen(key)
        if virtual is None and host is None:
            self._forget(key)
            return None
        return await self._take_step(key, virtual, host)

    async def _take_step(self, key: Key, virtual: Object | None, host: Object | None) -> RequeueAfter | None:
        virtual_pod, host_pod = body_of(virtual), body_of(host)
        write = pod_writes.next_host_write(virtual_pod, host_pod, self._context)
        if isinstance(write, Delete) and self._taken_away.get(key) == write.uid:
            write = None
        missing = self._missing(virtual_pod, write)
        if missing is not None:
            self._lag.put_off(key)
            is_told = self._waited(key) >= missing.patience
            await self._report(virtual, virtual_pod, host_pod, Refuse("Waiting", missing.why) if is_told else None)
            return RequeueAfter(PATIENCE)
        self._waiting_since.pop(key, None)
        if write is None or isinstance(write, Refuse):
            await self._report(virtual, virtual_pod, host_pod, write)
            return None
        try:
            if await self._write_host(key, virtual, write):
                self._lag.wrote_host(key)
            else:  # the host keeps its own mind, and wakes nobody
                await self._report(virtual, virtual_pod, host_pod, None)
        except (Forbidden, Invalid) as error:  # a quota, an admission rule: that is told, and tried again later
            if not is_lost_race(error):
                await self._report(virtual, virtual_pod, host_pod, refusal_of(error))
            raise
        return None

    def _missing(self, virtual_pod: Json | None, write: HostWrite | None) -> Missing | None:
        """What the host lacks before this write can be made; None if nothing."""
        starts = isinstance(write, Create) or (isinstance(write, Patch) and write.subresource == "ephemeralcontainers")
        return self._dependencies.missing(virtual_pod) if starts and virtual_pod is not None else None

    def _waited(self, key: Key) -> float:
        """For how many seconds the pod has lacked something."""
        now = self._clock.now()
        return now - self._waiting_since.setdefault(key, now)

    async def _report(
        self, virtual: Object | None, virtual_pod: Json | None, host_pod: Json | None, refused: Refuse | None
    ) -> None:
        """Tell the tenant what became of the pod."""
        if virtual is None or virtual_pod is None:
            return
        if refused is not None:
            self._events.refused(virtual, refused)
        write = pod_writes.next_virtual_write(virtual_pod, host_pod, self._context, refused, now=self._now())
        is_let_go = isinstance(write, Finalize) and self._let_go.get(virtual.key) == write.uid
        if write is not None and not is_let_go:
            await self._write_virtual(virtual.key, write)
            self._lag.wrote_virtual(virtual.key)

    async def _write_host(self, key: Key, virtual: Object | None, write: HostWrite) -> bool:
        """Carry a write out; whether the watch will tell of it."""
        name, namespace = self._host_key(key).name, self._context.host_namespace
        match write:
            case Create():
                await self._create(key, virtual, write)
            case Patch(body, why, subresource):
                log.info("patching host pod", key=str(key), why=why)
                strategic = PatchType.STRATEGIC
                before = self._host.get(self._host_key(key))
                changed = await self._sides.host.patch(
                    PODS, name, body, namespace, patch_type=strategic, subresource=subresource
                )
                if subresource != "ephemeralcontainers":  # which answers with an object of another kind before 1.22
                    self._host.wrote(changed)
                    return before is None or changed.resource_version != before.resource_version
            case Delete(uid, grace_period, why):
                log.info("deleting host pod", key=str(key), why=why)
                with suppress(NotFound, Conflict):  # it is gone, or another by now; the watch will tell
                    await self._sides.host.delete(PODS, name, namespace, grace_period_seconds=grace_period, uid=uid)
                    if grace_period == 0:
                        self._taken_away[key] = uid
            case Refuse():
                pass
        return True

    async def _create(self, key: Key, virtual: Object | None, write: Create) -> None:
        host_key = self._host_key(key)
        log.info("creating host pod", key=str(key), host_pod=host_key.name)
        try:
            created = await self._sides.host.create(PODS, write.body, host_key.namespace)
        except AlreadyExists:
            # Either the watch is late, or somebody else's pod bears the name.
            created = await self._sides.host.get(PODS, host_key.name, host_key.namespace)
            if self._key_of_host(created) is None:
                await self._take_step(key, virtual, created)  # which refuses
                raise  # nobody tells us when that pod goes: it is not ours to watch
        if virtual is not None:
            fallen = lost_on_host(write.body, created.to_dict(), self._context.host_version)
            withheld = self._dependencies.withheld(virtual.to_dict())
            self._events.lost(virtual, [*write.lost, *fallen, *withheld])
        self._host.wrote(created)

    async def _write_virtual(self, key: Key, write: VirtualWrite) -> None:
        # A pod that is not found may be gone, or its API server just starting: only the watch can tell.
        with suppress(NotFound):
            match write:
                case PatchStatus(body, _):
                    strategic = PatchType.STRATEGIC
                    changed = await self._sides.virtual.patch(
                        PODS, key.name, body, key.namespace, patch_type=strategic, subresource="status"
                    )
                    self._virtual.wrote(changed)
                case Finalize(uid):
                    log.info("finalizing virtual pod", key=str(key))
                    await self._sides.virtual.delete(PODS, key.name, key.namespace, grace_period_seconds=0, uid=uid)
                    self._let_go[key] = uid

    def _seen(self, key: Key) -> tuple[Object | None, Object | None]:
        virtual = self._virtual.get(key)
        is_ours = virtual is not None and self._virtual_pods.key_of(virtual) is not None
        return virtual if is_ours else None, self._host.get(self._host_key(key))

    def _forget(self, key: Key) -> None:
        self._waiting_since.pop(key, None)
        self._let_go.pop(key, None)
        self._taken_away.pop(key, None)
        self._virtual.forget(key)
        self._host.forget(self._host_key(key))
        self._events.forget(key)

    def _now(self) -> str:
        return f"{self._clock.utcnow():%Y-%m-%dT%H:%M:%SZ}"

    def _host_key(self, key: Key) -> Key:
        return Key(self._context.host_namespace, self._context.host_name(KIND, key.namespace, key.name))

    def _key_of_host(self, pod: Object) -> Key | None:
        return key_of_original(pod, KIND, self._context)
