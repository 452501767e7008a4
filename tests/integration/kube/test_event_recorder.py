import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kube.client import Client
from kube.clock import SystemClock
from kube.credentials import load_kubeconfig
from kube.event_recorder import EventRecorder
from kube.events import BURST, ObjectReference, Severity, reference
from kube.objects import Object
from kube.resources import CONFIG_MAPS, EVENTS, NAMESPACES
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.faulty_proxy import FaultyProxy, response
from tests.leaks import nothing_left

UNWELL = response("500 Internal Server Error", b"something broke")


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    async with nothing_left():
        yield


@pytest.fixture
async def client(host_api: Api) -> AsyncIterator[Client]:
    async with Client(await load_kubeconfig(host_api.kubeconfig), user_agent="t", field_manager="t") as client:
        yield client


@pytest.fixture
async def prices(host_api: Api, client: Client) -> Object:
    metadata = {"name": "prices", "namespace": host_api.namespace}
    return await client.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


@asynccontextmanager
async def recording(kubeconfig: Path) -> AsyncIterator[EventRecorder]:
    credentials = await load_kubeconfig(kubeconfig)
    client = Client(credentials, user_agent="shop", field_manager="shop")
    async with client, asyncio.TaskGroup() as group:
        recorder = EventRecorder(client, "shop", SystemClock())
        run = group.create_task(recorder.run())
        yield recorder
        run.cancel()


async def told(client: Client, about: Object) -> list[dict[str, Any]]:
    """What `kubectl describe` would show."""
    selector = f"involvedObject.uid={about.uid}"
    listed = await client.list(EVENTS, about.namespace or "default", field_selector=selector)
    return [event.to_dict() for event in listed.objects]


async def test_the_owner_of_an_object_finds_one_event_with_its_count(
    host_api: Api, client: Client, prices: Object
) -> None:
    async with recording(host_api.kubeconfig) as recorder:
        for times in (1, 2):
            for _ in range(3):
                recorder.record(reference(prices), Severity.WARNING, "Refused", "bread is too cheap")
            await eventually(lambda wanted=times: recorder.state.written == wanted, "the event to be written")  # type: ignore[misc]
    (event,) = await told(client, prices)
    assert event["count"] == 6
    assert event["type"] == "Warning"
    assert event["reason"] == "Refused"
    assert event["message"] == "bread is too cheap"
    assert event["source"] == {"component": "shop"}


async def test_cluster_wide_objects_have_events_too(host_api: Api, client: Client) -> None:
    namespace = await client.get(NAMESPACES, host_api.namespace)
    async with recording(host_api.kubeconfig) as recorder:
        recorder.record(reference(namespace), Severity.NORMAL, "Adopted", "welcome")
        await eventually(lambda: recorder.state.written == 1, "the event to be written")
    assert [event["message"] for event in await told(client, namespace)] == ["welcome"]


async def test_an_object_gets_no_more_than_its_share(host_api: Api, client: Client, prices: Object) -> None:
    async with recording(host_api.kubeconfig) as recorder:
        for number in range(100):
            recorder.record(reference(prices), Severity.WARNING, "Refused", f"no {number}")
        await eventually(lambda: recorder.state.written == BURST, "the burst to be written")
    assert len(await told(client, prices)) == BURST
    assert recorder.state.limited == 100 - BURST


async def test_a_server_that_is_unwell_for_a_while_costs_no_event(
    host_api: Api, client: Client, prices: Object, tmp_path: Path
) -> None:
    async with FaultyProxy(host_api.kubeconfig, tmp_path) as proxy, recording(proxy.kubeconfig) as recorder:
        proxy.answer(UNWELL, times=2)
        recorder.record(reference(prices), Severity.WARNING, "Refused", "no")
        await eventually(lambda: not proxy.pending, "the server to be unwell")
        recorder.record(reference(prices), Severity.WARNING, "Refused", "no")
        await eventually(lambda: recorder.state.written == 1, "the event to be written")
    assert [event["count"] for event in await told(client, prices)] == [2]


async def test_an_event_whose_answer_was_lost_is_there_once(
    host_api: Api, client: Client, prices: Object, tmp_path: Path
) -> None:
    async with FaultyProxy(host_api.kubeconfig, tmp_path) as proxy, recording(proxy.kubeconfig) as recorder:
        proxy.cut_after(10, times=1)
        recorder.record(reference(prices), Severity.WARNING, "Refused", "no")
        await eventually(lambda: recorder.state.written == 1, "the event to be written")
    assert [event["count"] for event in await told(client, prices)] == [1]


async def test_an_event_that_was_deleted_is_made_again(host_api: Api, client: Client, prices: Object) -> None:
    async with recording(host_api.kubeconfig) as recorder:
        recorder.record(reference(prices), Severity.WARNING, "Refused", "no")
        await eventually(lambda: recorder.state.written == 1, "the event to be written")
        (event,) = await told(client, prices)
        await client.delete(EVENTS, event["metadata"]["name"], host_api.namespace)
        recorder.record(reference(prices), Severity.WARNING, "Refused", "no")
        await eventually(lambda: recorder.state.written == 2, "the event to be written again")
    assert [event["count"] for event in await told(client, prices)] == [2]


async def test_events_in_a_namespace_that_is_gone_hold_up_nobody(host_api: Api, client: Client, prices: Object) -> None:
    async with recording(host_api.kubeconfig) as recorder:
        gone = ObjectReference("v1", "ConfigMap", "no-such-namespace", "prices", "u1")
        recorder.record(gone, Severity.WARNING, "Refused", "no")
        recorder.record(reference(prices), Severity.WARNING, "Refused", "no")
        await eventually(lambda: recorder.state.written == 1, "the other event to be written")
    assert recorder.state.failed == 1
    assert len(await told(client, prices)) == 1
