import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from kube.apply import apply_if_different
from kube.client import Client, PatchType
from kube.codec import EventType
from kube.credentials import load_kubeconfig
from kube.errors import Conflict, Invalid
from kube.objects import Object
from kube.owners import owner_reference
from kube.resources import CONFIG_MAPS
from tests.cluster_fixtures import Api
from tests.leaks import nothing_left

MARK = "example.com/applied"


class Requests:
    """Counts what a client sends, by method."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def answered(self, method: str, _status: int, _seconds: float) -> None:
        self.sent[method] += 1


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    async with nothing_left():
        yield


@pytest.fixture
def requests() -> Requests:
    return Requests()


@pytest.fixture
async def client(host_api: Api, requests: Requests) -> AsyncIterator[Client]:
    credentials = await load_kubeconfig(host_api.kubeconfig)
    async with Client(credentials, user_agent="test", field_manager="ours", observer=requests) as client:
        yield client


def config_map(api: Api, name: str = "prices", **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": api.namespace, "labels": {"app": "shop"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


async def bring(client: Client, desired: dict[str, Any], cached: Object | None) -> Object:
    return await apply_if_different(client, CONFIG_MAPS, desired, cached, annotation=MARK)


async def test_the_second_pass_sends_nothing_and_the_resource_version_stands_still(
    host_api: Api, client: Client, requests: Requests
) -> None:
    desired = config_map(host_api, bread="3")
    await bring(client, desired, None)
    cached = await client.get(CONFIG_MAPS, "prices", host_api.namespace)
    requests.sent.clear()
    await bring(client, desired, cached)
    assert requests.sent == {}
    # A cache that lags makes us apply again, which changes nothing either.
    await bring(client, desired, None)
    assert (await client.get(CONFIG_MAPS, "prices", host_api.namespace)) == cached


async def test_what_others_add_stays_and_is_no_difference(host_api: Api, client: Client, requests: Requests) -> None:
    desired = config_map(host_api, bread="3")
    await bring(client, desired, None)
    addition = {"metadata": {"labels": {"added-by": "a-webhook"}}, "data": {"cake": "9"}}
    cached = await client.patch(CONFIG_MAPS, "prices", addition, host_api.namespace, patch_type=PatchType.MERGE)
    requests.sent.clear()
    await bring(client, desired, cached)
    assert requests.sent == {}
    changed = await bring(client, config_map(host_api, bread="4"), cached)
    assert changed.metadata.labels == {"app": "shop", "added-by": "a-webhook"}
    assert changed.decode("data") == {"bread": "4", "cake": "9"}


async def test_what_is_no_longer_desired_is_taken_away(host_api: Api, client: Client) -> None:
    stored = await bring(client, config_map(host_api, bread="3", cake="9"), None)
    changed = await bring(client, config_map(host_api, bread="3"), stored)
    assert changed.decode("data") == {"bread": "3"}


async def test_what_others_have_set_is_taken_over(host_api: Api, client: Client) -> None:
    stored = await bring(client, config_map(host_api, bread="3"), None)
    theirs = {"data": {"bread": "5", "cake": "9"}}
    cached = await client.patch(CONFIG_MAPS, "prices", theirs, host_api.namespace, patch_type=PatchType.MERGE)
    assert cached.uid == stored.uid
    changed = await bring(client, config_map(host_api, bread="4", cake="1"), cached)
    assert changed.decode("data") == {"bread": "4", "cake": "1"}


async def test_an_object_recreated_meanwhile_is_not_touched(host_api: Api, client: Client) -> None:
    cached = await bring(client, config_map(host_api, bread="3"), None)
    await client.delete(CONFIG_MAPS, "prices", host_api.namespace)
    theirs = await client.create(CONFIG_MAPS, config_map(host_api, bread="7"))
    with pytest.raises((Conflict, Invalid)):  # which of them depends on the server's version
        await bring(client, config_map(host_api, bread="4"), cached)
    assert await client.get(CONFIG_MAPS, "prices", host_api.namespace) == theirs


async def test_what_is_owned_goes_with_its_owner(virtual_api: Api) -> None:
    credentials = await load_kubeconfig(virtual_api.kubeconfig)
    async with Client(credentials, user_agent="test", field_manager="ours") as client:
        owner = await bring(client, config_map(virtual_api, "owner"), None)
        owned = config_map(virtual_api, "part")
        owned["metadata"]["ownerReferences"] = [owner_reference(CONFIG_MAPS, owner.name, owner.uid)]
        part = await bring(client, owned, None)
        watching = client.watch(CONFIG_MAPS, virtual_api.namespace, resource_version=part.resource_version)
        async with aclosing(watching) as events, asyncio.timeout(60):
            await client.delete(CONFIG_MAPS, "owner", virtual_api.namespace)
            gone: set[str] = set()
            while gone != {"owner", "part"}:
                event = await anext(events)
                if event.type is EventType.DELETED:
                    gone.add(event.object.name)
