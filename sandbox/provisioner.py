"""Volumes on demand for a sandbox's cluster: a StorageClass `local`, the default, whose volumes are directories here.

It keeps no state but the cluster's and the directories, and may be killed at any moment: what was begun is finished,
once, after the next start.
"""

import argparse
import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import NamedTuple

from kube.client import Client, PatchType
from kube.clock import Clock, SystemClock
from kube.errors import AlreadyExists, NotFound
from kube.event_recorder import EventRecorder
from kube.events import Severity, reference
from kube.informer import Informer
from kube.objects import Key, Object
from kube.reconciler import Outcome, Reconciler
from kube.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES, Resource
from kube.store import Change
from kube.work_queue import WorkQueue
from sandbox import local_volumes
from sandbox.local_volumes import Grow, Provision, Reclaim, ReportGrowth
from sandbox.service import serve

NAME = "vkp-sandbox-provisioner"
FAILURES = {  # the reasons that everybody's provisioners give
    STORAGE_CLASSES: "ProvisioningFailed",
    PERSISTENT_VOLUME_CLAIMS: "ProvisioningFailed",
    PERSISTENT_VOLUMES: "VolumeFailedDelete",
}


class Item(NamedTuple):
    """What there is to look at."""

    resource: Resource
    key: Key


class Provisioner:
    """Serves every claim and volume of one cluster."""

    def __init__(self, client: Client, root: Path, clock: Clock) -> None:
        self._client = client
        self._root = root
        self._recorder = EventRecorder(client, NAME, clock)
        self._claims = Informer(client, PERSISTENT_VOLUME_CLAIMS)
        self._volumes = Informer(client, PERSISTENT_VOLUMES)
        self._classes = Informer(client, STORAGE_CLASSES)
        self._informers = {each.resource: each for each in (self._classes, self._claims, self._volumes)}
        self._queue: WorkQueue[Item] = WorkQueue(clock, partition=lambda item: item.key.namespace)
        self._claims.add_handler(self)
        self._volumes.add_handler(self)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._recorder.run(), name="events")
            for resource, informer in self._informers.items():
                group.create_task(informer.run(), name=f"informer of {resource.plural}")
            for informer in self._informers.values():
                await informer.wait_synced()
            self._queue.add(Item(STORAGE_CLASSES, Key("", local_volumes.CLASS_NAME)))
            reconciler = Reconciler(NAME, self._queue, self._reconcile, observers=[self._tell])
            group.create_task(reconciler.run(), name=NAME)

    def on_change(self, change: Change) -> None:
        """Queue what the change is about: a volume concerns its claim too."""
        if change.object.kind == PERSISTENT_VOLUME_CLAIMS.kind:
            self._queue.add(Item(PERSISTENT_VOLUME_CLAIMS, change.key))
            return
        self._queue.add(Item(PERSISTENT_VOLUMES, change.key))
        claim = local_volumes.claim_of(change.object)
        if claim is not None:
            self._queue.add(Item(PERSISTENT_VOLUME_CLAIMS, claim))

    def _tell(self, outcome: Outcome[Item]) -> None:
        """Let the owner of a claim or volume know what went wrong with it."""
        about = self._informers[outcome.key.resource].store.get(outcome.key.key)
        if outcome.error is not None and about is not None:
            reason = FAILURES[outcome.key.resource]
            self._recorder.record(reference(about), Severity.WARNING, reason, str(outcome.error))

    async def _reconcile(self, item: Item) -> None:
        if item.resource is STORAGE_CLASSES:
            await self._offer()
        elif item.resource is PERSISTENT_VOLUMES:
            await self._reconcile_volume(item.key)
        else:
            await self._reconcile_claim(item.key)

    async def _offer(self) -> None:
        """Have the StorageClass, unless there is one: somebody may have changed it on purpose."""
        if self._classes.store.get(Key("", local_volumes.CLASS_NAME)) is None:
            await self._client.apply(STORAGE_CLASSES, local_volumes.storage_class())

    async def _reconcile_claim(self, key: Key) -> None:
        claim = self._claims.store.get(key)
        if claim is None:
            return
        spec = local_volumes.claim_spec(claim)
        if local_volumes.wants_volume(claim):
            offered = self._classes.store.get(Key("", spec.storage_class_name))
            if offered is None:
                raise LookupError(f"StorageClass {spec.storage_class_name!r} is gone; create it again")
            wanted = local_volumes.new_volume(claim, offered, root=self._root)
            if wanted is not None:
                await self._provision(claim, wanted)
        elif spec.volume_name:
            volume = self._volumes.store.get(Key("", spec.volume_name))
            await self._grow(claim, local_volumes.growth(claim, volume))

    async def _provision(self, claim: Object, wanted: Provision) -> None:
        _make_folder(wanted.folder)
        try:
            volume = await self._client.create(PERSISTENT_VOLUMES, wanted.volume)
        except AlreadyExists:
            return
        message = f"Successfully provisioned volume {volume.name}"
        self._recorder.record(reference(claim), Severity.NORMAL, "ProvisioningSucceeded", message)

    async def _grow(self, claim: Object, step: Grow | ReportGrowth | None) -> None:
        match step:
            case Grow(volume, uid, storage):
                patch = {"metadata": {"uid": uid}, "spec": {"capacity": {"storage": storage}}}
                await self._client.patch(PERSISTENT_VOLUMES, volume, patch, patch_type=PatchType.MERGE)
            case ReportGrowth(storage):
                patch = {"metadata": {"uid": claim.uid}, "status": {"capacity": {"storage": storage}}}
                await self._client.patch(
                    PERSISTENT_VOLUME_CLAIMS,
                    claim.name,
                    patch,
                    claim.namespace,
                    patch_type=PatchType.MERGE,
                    subresource="status",
                )

    async def _reconcile_volume(self, key: Key) -> None:
        volume = self._volumes.store.get(key)
        step = local_volumes.reclaim(volume, root=self._root) if volume is not None else None
        if step is not None:
            await self._reclaim(key.name, step)

    async def _reclaim(self, name: str, step: Reclaim) -> None:
        await asyncio.to_thread(_remove_folder, step.folder)
        with contextlib.suppress(NotFound):
            await self._client.delete(PERSISTENT_VOLUMES, name, uid=step.uid)


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)  # whoever the containers run as; mkdir's mode is subject to the umask


def _remove_folder(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make volumes for claims: directories of this machine.")
    parser.add_argument("--kubeconfig", type=Path, required=True, metavar="FILE")
    parser.add_argument("--root", type=Path, required=True, metavar="DIR", help="where to make them")
    options = parser.parse_args()

    async def work(client: Client) -> None:
        await Provisioner(client, options.root.resolve(), SystemClock()).run()

    serve(NAME, options.kubeconfig, work)


if __name__ == "__main__":
    main()
