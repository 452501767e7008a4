"""The reflector of a kind, with the plainest rules there are, between real API servers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from kube.client import PatchType
from kube.clock import SystemClock
from kube.errors import NotFound
from kube.event_recorder import EventRecorder
from kube.objects import Key, Object
from kube.resources import CONFIG_MAPS, EVENTS, Resource
from reflectors.kind_reflector import KindReflector, Resources
from reflectors.sides import Sides as ReflectorSides
from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.merging import host_object, next_copy_write
from reflectors.translation.writes import Create, HostWrite, PatchVirtual, Refuse
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.integration.reflectors.sides import Sides, new_tools, sides, until

UNKNOWN = Resource("example.com", "v1", "wonders", "Wonder")


@dataclass(frozen=True, slots=True)
class Copies:
    """ConfigMaps as they are; a virtual one is told the name of its copy."""

    context: Context
    kind: str = "ConfigMap"

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        return next_copy_write(self.kind, virtual, host, self._desired, self.context)

    def next_virtual_write(self, virtual: Json, host: Json | None, refused: Refuse | None) -> PatchVirtual | None:
        metadata = virtual["metadata"]
        if refused or host is None or (metadata.get("annotations") or {}).get("copy") == host["metadata"]["name"]:
            return None
        told = {"uid": metadata["uid"], "annotations": {"copy": host["metadata"]["name"]}}
        return PatchVirtual({"metadata": told}, "it has a copy")

    def _desired(self, virtual: Json) -> Create | Refuse:
        return Create(host_object(virtual, "v1", self.kind, self.context, data=virtual.get("data")))


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with sides(host_api, virtual_api) as opened:
        yield opened


@asynccontextmanager
async def reflecting(
    both: Sides, *, wanted: Callable[[Object], bool] = lambda _: True, host_resource: Resource = CONFIG_MAPS
) -> AsyncIterator[KindReflector]:
    clock = SystemClock()
    recorder = EventRecorder(both.virtual, "test", clock)
    told = ReflectorSides(both.host, both.virtual, recorder, both.node)
    reflector = KindReflector(
        Copies(both.context),
        Resources(CONFIG_MAPS, host_resource),
        new_tools(told, both.context, clock),
        wanted=lambda virtual: virtual.namespace == both.namespace and wanted(virtual),
    )
    tasks = [asyncio.create_task(reflector.run()), asyncio.create_task(recorder.run())]
    try:
        await eventually(lambda: reflector.synced or reflector.obstacle, "both sides to be read")
        yield reflector
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def body(both: Sides, name: str, **data: str) -> Draft:
    metadata = {"name": name, "namespace": both.namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def host_key(both: Sides, name: str) -> Key:
    return Key(both.host_namespace, both.context.host_name("ConfigMap", both.namespace, name))


async def copy(both: Sides, name: str) -> Object | None:
    try:
        return await both.host.get(CONFIG_MAPS, host_key(both, name).name, both.host_namespace)
    except NotFound:
        return None


async def test_a_copy_is_made_followed_and_taken_away(both: Sides) -> None:
    async with reflecting(both):
        await both.virtual.create(CONFIG_MAPS, body(both, "settings", color="red"))
        made = await until(lambda: copy(both, "settings"), "the copy")
        assert made.decode("data") == {"color": "red"}
        change = {"data": {"color": None, "size": "7"}}
        await both.virtual.patch(CONFIG_MAPS, "settings", change, both.namespace, patch_type=PatchType.MERGE)

        async def changed() -> Object | None:
            seen = await copy(both, "settings")
            return seen if seen is not None and seen.decode("data") == {"size": "7"} else None

        assert (await until(changed, "the change")).uid == made.uid
        await both.virtual.delete(CONFIG_MAPS, "settings", both.namespace)
        await until(lambda: gone(both, "settings"), "the copy to go")


async def test_what_the_host_says_reaches_the_virtual_object(both: Sides) -> None:
    async with reflecting(both):
        await both.virtual.create(CONFIG_MAPS, body(both, "settings"))

        async def told() -> str | None:
            seen = await both.virtual.get(CONFIG_MAPS, "settings", both.namespace)
            return seen.metadata.annotations.get("copy")

        assert await until(told, "the virtual object to be told") == host_key(both, "settings").name


async def test_what_is_no_longer_wanted_goes_and_comes_back(both: Sides) -> None:
    wanted = {"settings"}
    async with reflecting(both, wanted=lambda virtual: virtual.name in wanted) as reflector:
        key = Key(both.namespace, "settings")
        await both.virtual.create(CONFIG_MAPS, body(both, "settings"))
        await until(lambda: copy(both, "settings"), "the copy")
        wanted.clear()
        reflector.wake(key)
        await until(lambda: gone(both, "settings"), "the copy to go")
        wanted.add("settings")
        reflector.wake(key)
        await until(lambda: copy(both, "settings"), "the copy to come back")
        await eventually(lambda: reflector.host(key), "the reflector to know its copy")


async def test_copies_without_an_original_are_swept_at_the_start(both: Sides) -> None:
    orphan = host_object({"metadata": {**body(both, "lost")["metadata"], "uid": "v0"}}, "v1", "ConfigMap", both.context)
    await both.host.create(CONFIG_MAPS, orphan)
    async with reflecting(both):
        await until(lambda: gone(both, "lost"), "the orphan to go")


async def test_a_copy_that_somebody_deleted_is_made_again(both: Sides) -> None:
    async with reflecting(both):
        await both.virtual.create(CONFIG_MAPS, body(both, "settings"))
        first = await until(lambda: copy(both, "settings"), "the copy")
        await both.host.delete(CONFIG_MAPS, first.name, both.host_namespace)

        async def second() -> Object | None:
            seen = await copy(both, "settings")
            return seen if seen is not None and seen.uid != first.uid else None

        await until(second, "a second copy")


async def test_somebody_elses_object_is_left_alone_and_the_tenant_is_told(both: Sides) -> None:
    key = host_key(both, "settings")
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": key.name, "namespace": key.namespace}}
    before = await both.host.create(CONFIG_MAPS, foreign)
    async with reflecting(both):
        await both.virtual.create(CONFIG_MAPS, body(both, "settings", color="red"))
        await until(lambda: events(both, "settings"), "the tenant to be told")
        assert await copy(both, "settings") == before


async def test_a_kind_that_the_host_does_not_have_is_off_and_the_node_says_so(both: Sides) -> None:
    async with reflecting(both, host_resource=UNKNOWN) as reflector:
        assert "404" in reflector.obstacle
        selector = f"involvedObject.name={both.node}"

        async def told() -> Object | None:
            found = await both.virtual.list(EVENTS, "default", field_selector=selector)
            return next(iter(found.objects), None)

        event = await until(told, "the node's event")
        assert event.decode("reason") == "ReflectionOff"
        assert "ConfigMap objects are not reflected" in event.decode("message")


async def gone(both: Sides, name: str) -> bool | None:
    return True if await copy(both, name) is None else None


async def events(both: Sides, name: str) -> list[str] | None:
    return await both.events(name) or None
