"""Claims and the virtual volumes that stand for what the host bound them to.

Claims are reflected as other kinds are; beside that, each gets its volume, which pods of the virtual cluster need to be
scheduled. What to write is decided in `translation.claims` and `translation.placeholder_volumes`.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from kube.client import PatchType
from kube.errors import AlreadyExists, Conflict, Forbidden, NotFound
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.reconciler import Limits, Reconciler
from kube.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES
from kube.work_queue import WorkQueue
from reflectors.first_consumers import BindingMode, FirstConsumers
from reflectors.hearing import Hears
from reflectors.host_objects import body_of
from reflectors.kind_reflector import KindReflector, Resources
from reflectors.lag import Lag
from reflectors.latest import Latest
from reflectors.tenant_events import TenantEvents
from reflectors.tools import Tools
from reflectors.translation.claims import ClaimRules, is_bound
from reflectors.translation.json_values import Json, mapped
from reflectors.translation.metadata import SYNC_SOURCE
from reflectors.translation.placeholder_volumes import (
    CreateVolume,
    DeleteVolume,
    PatchVolume,
    VolumeWrite,
    is_provisional,
    next_volume_write,
    volume_name,
)
from reflectors.translation.writes import Refuse

WORKERS = 8
_BY_CLAIM = "claim"

log = structlog.get_logger()


class ClaimReflector:
    """Part of the daemon."""

    def __init__(
        self,
        tools: Tools,
        *,
        wanted: Callable[[Object], bool] = lambda _: True,
        binding_mode: BindingMode = lambda _: None,
    ) -> None:
        self._sides = tools.sides
        self._whenever_leading = tools.sides.whenever_leading
        self._volumes = Informer(
            tools.sides.virtual,
            PERSISTENT_VOLUMES,
            label_selector=f"{SYNC_SOURCE}=host",
            timing=Timing(clock=tools.clock),
        )
        self._volumes.store.add_index(_BY_CLAIM, lambda volume: [str(_claim_of(volume))])
        self._latest = Latest.of(self._volumes)
        self._consumers = FirstConsumers(tools, binding_mode)
        self.claims = KindReflector(
            ClaimRules(tools.context, self),
            Resources(PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUME_CLAIMS),
            tools,
            # A setting that changes must not cost a tenant data.
            wanted=lambda claim: wanted(claim) or is_bound(claim.to_dict()),
        )
        self._events = TenantEvents(tools.sides.recorder)
        self._queue: WorkQueue[Key] = WorkQueue(tools.clock, partition=lambda key: key.namespace)
        plural = PERSISTENT_VOLUMES.plural
        # What a volume stands for comes from the host, whichever side its claim was heard of from.
        self._lag: Lag[Key] = tools.lags.of(plural)
        self.claims.add_handler(self._lag.of_host(self._queue.add))
        self._volumes.add_handler(Hears(self._of_volume))
        self._consumers.add_handlers(self._queue.add, self._wake_host)
        self._reconciler = Reconciler(
            plural,
            self._queue,
            self._lag.measured(self._reconcile),
            limits=Limits(workers=WORKERS),
            observers=[tools.metrics.reconciler(plural, self._queue)],
        )
        tools.metrics.informer(f"virtual {plural}", self._volumes)

    @property
    def synced(self) -> bool:
        return self._volumes.synced and self.claims.synced

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._volumes.run(), name="virtual volumes")
            group.create_task(self._consumers.run(), name="first consumers")
            # A claim without its volume is lost only if all volumes are known, and a volume without its claim is to go
            # only if all claims are.
            await self._volumes.wait_synced()
            group.create_task(self.claims.run(), name="claims")
            await self.claims.wait_synced()
            group.create_task(self._whenever_leading(self._reconciler.run), name="reconcile virtual volumes")

    def volume(self, name: str) -> Json | None:
        """The virtual volume of that name, as claims look at it."""
        return body_of(self._latest.get(Key("", name)))

    async def _reconcile(self, key: Key) -> None:
        claim = self.claims.virtual(key)
        current = volume_name(claim.to_dict()) if claim is not None else None
        for volume in self._volumes.store.by_index(_BY_CLAIM, str(key)):
            if volume.name != current:
                await self._take_step(key, None, volume.name)
        if claim is not None and current is not None:
            await self._take_step(key, claim, current)

    async def _take_step(self, key: Key, claim: Object | None, name: str) -> None:
        host, volume = self.claims.host(key) if claim is not None else None, self.volume(name)
        write = next_volume_write(
            body_of(claim),
            body_of(host),
            volume,
            policy=await self._host_policy(host, volume),
            is_awaited=host is not None and self._consumers.is_awaited(key, host),
        )
        if isinstance(write, Refuse) and claim is not None:
            self._events.refused(claim, write)
        elif write is not None:
            await self._write(name, write)
            self._lag.wrote_virtual(key)

    async def _host_policy(self, host: Object | None, volume: Json | None) -> str | None:
        """Ask once, when the host has bound the claim: volumes are cluster-wide, so we may well not be let."""
        name = (host.decode("spec") or {}).get("volumeName") if host is not None else None
        if not name or (volume is not None and not is_provisional(volume)):
            return None
        with suppress(Forbidden, NotFound):
            found = await self._sides.host.get(PERSISTENT_VOLUMES, name)
            policy: str | None = (found.decode("spec") or {}).get("persistentVolumeReclaimPolicy")
            return policy
        return None

    async def _write(self, name: str, write: VolumeWrite) -> None:
        client = self._sides.virtual
        match write:
            case CreateVolume(body):
                log.info("creating virtual volume", volume=name)
                try:
                    self._latest.wrote(await client.create(PERSISTENT_VOLUMES, body))
                except AlreadyExists:  # either the watch is late, or it is somebody else's: the next try will see it
                    self._latest.wrote(await client.get(PERSISTENT_VOLUMES, name))
                    raise
            case PatchVolume(body, why):
                log.info("patching virtual volume", volume=name, why=why)
                with suppress(NotFound):
                    changed = await client.patch(PERSISTENT_VOLUMES, name, body, patch_type=PatchType.MERGE)
                    self._latest.wrote(changed)
            case DeleteVolume(uid, why):
                log.info("deleting virtual volume", volume=name, why=why)
                with suppress(NotFound, Conflict):
                    await client.delete(PERSISTENT_VOLUMES, name, uid=uid)

    def _of_volume(self, volume: Object) -> None:
        claim = _claim_of(volume)
        self._queue.add(claim)
        self.claims.wake(claim)

    def _wake_host(self, host: Key) -> None:
        pair = self.claims.pair_of_host(host)
        if pair is not None:
            self._queue.add(pair[0].key)


def _claim_of(volume: Object) -> Key:
    reference = mapped(volume.decode("spec") or {}, "claimRef")
    return Key(reference.get("namespace", ""), reference.get("name", ""))
