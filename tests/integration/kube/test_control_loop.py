"""All parts together, as a controller uses them: each ConfigMap has a copy, which it owns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kube.apply import apply_if_different
from kube.backoff import Backoff
from kube.client import Client
from kube.clock import SystemClock
from kube.credentials import load_kubeconfig
from kube.event_recorder import EventRecorder
from kube.events import Severity, reference
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.owners import owner_reference
from kube.reconciler import Limits, Outcome, Reconciler, Refused
from kube.resources import CONFIG_MAPS, EVENTS
from kube.store import Change
from kube.work_queue import WorkQueue
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.faulty_proxy import FaultyProxy, Request, is_watch, response
from tests.leaks import nothing_left

MARK = "example.com/applied"
SUFFIX = "-copy"
IMPATIENT = Timing(backoff=Backoff(base=0.1, cap=1.0), silence=1.0)
UNWELL = response("500 Internal Server Error", b"something broke")


@dataclass
class Copier:
    """A controller as small as can be."""

    client: Client
    namespace: str
    outcomes: list[Outcome[Key]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.informer = Informer(self.client, CONFIG_MAPS, self.namespace, timing=IMPATIENT)
        self.informer.add_handler(self)
        self.queue: WorkQueue[Key] = WorkQueue(SystemClock(), partition=lambda key: key.namespace)
        self.recorder = EventRecorder(self.client, "copier", SystemClock())
        observers = [self.outcomes.append, self.tell]
        self.reconciler = Reconciler(
            "copier", self.queue, self.reconcile, limits=Limits(workers=4), observers=observers
        )

    def on_change(self, change: Change) -> None:
        self.queue.add(Key(change.key.namespace, change.key.name.removesuffix(SUFFIX)))

    async def reconcile(self, key: Key) -> None:
        original = self.informer.store.get(key)
        copy = self.copy(key.name)
        if original is None or original.metadata.deletion_timestamp:
            if copy is not None:
                await self.client.delete(CONFIG_MAPS, copy.name, copy.namespace, uid=copy.uid)
            return
        data = original.decode("data") or {}
        if "forbidden" in data:
            raise Refused(f"ConfigMap {key}: data.forbidden is not copied")
        await apply_if_different(self.client, CONFIG_MAPS, copy_of(original, data), copy, annotation=MARK)

    def tell(self, outcome: Outcome[Key]) -> None:
        original = self.informer.store.get(outcome.key)
        if original is not None and isinstance(outcome.error, Refused):
            self.recorder.record(reference(original), Severity.WARNING, "Refused", str(outcome.error))

    def copy(self, name: str) -> Object | None:
        return self.informer.store.get(Key(self.namespace, name + SUFFIX))

    def copies(self) -> dict[str, Any]:
        objects = {obj.name: obj for obj in self.informer.store.values()}
        return {name.removesuffix(SUFFIX): obj.decode("data") for name, obj in objects.items() if name.endswith(SUFFIX)}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.informer.run())
            group.create_task(self.recorder.run())
            await self.informer.wait_synced()
            await self.reconciler.run()


def copy_of(original: Object, data: dict[str, str]) -> dict[str, Any]:
    owners = [owner_reference(CONFIG_MAPS, original.name, original.uid, controller=True)]
    metadata = {"name": original.name + SUFFIX, "namespace": original.namespace, "ownerReferences": owners}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@dataclass(frozen=True)
class Shop:
    """The tenant's side: puts originals, and looks at what became of them past all caches."""

    client: Client
    namespace: str

    async def put(self, name: str, **data: str) -> None:
        metadata = {"name": name, "namespace": self.namespace}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        await self.client.apply(CONFIG_MAPS, body, force=True)

    async def delete(self, name: str) -> None:
        await self.client.delete(CONFIG_MAPS, name, self.namespace)

    async def objects(self) -> dict[str, Object]:
        listed = await self.client.list(CONFIG_MAPS, self.namespace)
        return {obj.name: obj for obj in listed.objects}


@asynccontextmanager
async def copying(kubeconfig: Path, shop: Shop) -> AsyncIterator[Copier]:
    async with Client(await load_kubeconfig(kubeconfig), user_agent="copier", field_manager="copier") as client:
        copier = Copier(client, shop.namespace)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(copier.run())
            yield copier
            run.cancel()


async def agreed(copier: Copier, shop: Shop, expected: dict[str, dict[str, str]]) -> None:
    """Wait until there are these copies and no others; then see that another pass over everything moves nothing."""
    await eventually(lambda: copier.copies() == expected, f"copies {expected}; there are {copier.copies()}")
    settled = await shop.objects()
    assert {name for name in settled if name.endswith(SUFFIX)} == {name + SUFFIX for name in expected}
    enough = len(copier.outcomes) + len(expected)
    for name in expected:
        copier.queue.add(Key(copier.namespace, name))
    await eventually(lambda: len(copier.outcomes) >= enough, "another pass")
    assert await shop.objects() == settled


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    async with nothing_left():
        yield


@pytest.fixture
async def shop(host_api: Api) -> AsyncIterator[Shop]:
    async with Client(await load_kubeconfig(host_api.kubeconfig), user_agent="shop", field_manager="shop") as client:
        yield Shop(client, host_api.namespace)


def is_write(request: Request) -> bool:
    return request.method != "GET"


async def test_copies_follow_their_originals_and_then_nothing_moves(host_api: Api, shop: Shop) -> None:
    await shop.put("before", a="1")
    async with copying(host_api.kubeconfig, shop) as copier:
        await shop.put("new", b="2")
        await agreed(copier, shop, {"before": {"a": "1"}, "new": {"b": "2"}})
        await shop.put("new", b="3")
        await shop.delete("before")
        await agreed(copier, shop, {"new": {"b": "3"}})


async def test_a_copy_that_somebody_deletes_comes_back(host_api: Api, shop: Shop) -> None:
    await shop.put("kept", a="1")
    async with copying(host_api.kubeconfig, shop) as copier:
        await agreed(copier, shop, {"kept": {"a": "1"}})
        lost = (await shop.objects())["kept" + SUFFIX]
        await shop.delete(lost.name)
        await eventually(lambda: copier.copy("kept") not in (None, lost), "a new copy")
        await agreed(copier, shop, {"kept": {"a": "1"}})


async def test_after_a_restart_nothing_is_written_that_was_written_before(host_api: Api, shop: Shop) -> None:
    await shop.put("kept", a="1")
    async with copying(host_api.kubeconfig, shop) as copier:
        await agreed(copier, shop, {"kept": {"a": "1"}})
        before = await shop.objects()
    async with copying(host_api.kubeconfig, shop) as copier:
        await agreed(copier, shop, {"kept": {"a": "1"}})
    assert await shop.objects() == before


async def test_it_comes_right_by_itself_after_any_trouble(host_api: Api, shop: Shop, tmp_path: Path) -> None:
    async with (
        FaultyProxy(host_api.kubeconfig, tmp_path) as proxy,
        copying(proxy.kubeconfig, shop) as copier,
    ):
        await shop.put("a", a="1")
        await agreed(copier, shop, {"a": {"a": "1"}})
        proxy.answer(UNWELL, to=is_write, times=12)
        await shop.put("b", b="1")
        await agreed(copier, shop, {"a": {"a": "1"}, "b": {"b": "1"}})
        proxy.cut_after(100, to=is_write, times=2)
        proxy.answer(UNWELL, to=is_watch, times=2)
        proxy.cut()
        await shop.put("b", b="2")
        await shop.delete("a")
        await agreed(copier, shop, {"b": {"b": "2"}})
    assert any(outcome.retry_in is not None for outcome in copier.outcomes)


async def test_what_is_refused_is_told_once_and_waits_for_a_change(host_api: Api, shop: Shop) -> None:
    async with copying(host_api.kubeconfig, shop) as copier:
        await shop.put("bad", forbidden="1")
        await eventually(lambda: copier.recorder.state.written == 1, "an event")
        assert [type(outcome.error) for outcome in copier.outcomes] == [Refused]
        (event,) = (await shop.client.list(EVENTS, shop.namespace)).objects
        assert event.decode("message") == f"ConfigMap {shop.namespace}/bad: data.forbidden is not copied"
        await shop.put("bad", fine="1")
        await agreed(copier, shop, {"bad": {"fine": "1"}})
