"""The sync configuration is followed while it changes, on real API servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from kube.client import PatchType
from kube.clock import SystemClock
from kube.event_recorder import EventRecorder
from kube.metrics import Metrics
from kube.objects import Object
from kube.resources import CONFIG_MAPS, EVENTS
from reflectors.sides import Sides as ReflectorSides
from reflectors.sync_config import SyncConfig
from reflectors.sync_settings import KEY, SyncSettings
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.integration.reflectors.sides import Sides, sides, until

NAME = "sync"


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with sides(host_api, virtual_api) as opened:
        yield opened


@asynccontextmanager
async def following(both: Sides) -> AsyncIterator[SyncSettings]:
    clock = SystemClock()
    recorder = EventRecorder(both.virtual, "test", clock)
    told = ReflectorSides(both.host, both.virtual, recorder, both.node)
    settings = SyncSettings(told, both.host_namespace, NAME, clock=clock, metrics=Metrics(CollectorRegistry()))
    tasks = [asyncio.create_task(settings.run()), asyncio.create_task(recorder.run())]
    try:
        await settings.wait_synced()
        yield settings
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def say(both: Sides, text: str) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": both.host_namespace},
        "data": {KEY: text},
    }
    await both.host.create(CONFIG_MAPS, body)


async def change(both: Sides, text: str) -> None:
    patch = {"data": {KEY: text}}
    await both.host.patch(CONFIG_MAPS, NAME, patch, both.host_namespace, patch_type=PatchType.MERGE)


async def test_a_change_counts_at_once_and_its_end_brings_the_defaults_back(both: Sides) -> None:
    async with following(both) as settings:
        heard: list[SyncConfig] = []
        settings.add_handler(lambda: heard.append(settings.current))
        assert settings.current == SyncConfig()
        await say(both, "ingresses: {enabled: true}")
        await eventually(lambda: settings.current.ingresses.enabled, "the configuration to count")
        await both.host.delete(CONFIG_MAPS, NAME, both.host_namespace)
        await eventually(lambda: settings.current == SyncConfig(), "the defaults to count again")
        assert [config.ingresses.enabled for config in heard] == [True, False]


async def test_nonsense_changes_nothing_and_the_node_says_what_is_wrong(both: Sides) -> None:
    async with following(both) as settings:
        await say(both, "services: {enabled: false}")
        await eventually(lambda: not settings.current.services.enabled, "the configuration to count")
        await change(both, "servces: {}")

        async def told() -> Object | None:
            found = await both.virtual.list(EVENTS, "default", field_selector=f"involvedObject.name={both.node}")
            return next(iter(found.objects), None)

        event = await until(told, "the node's event")
        assert event.decode("reason") == "SyncRefused"
        assert "servces" in event.decode("message")
        assert not settings.current.services.enabled
