"""A virtual cluster as the controller sees it from inside: a real API server, and a Node that the test plays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from kube.client import Client, PatchType
from kube.clock import SystemClock
from kube.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, CONFIG_MAPS, NAMESPACES, NODES, SERVICE_ACCOUNTS
from sandbox.pki import Pki
from sandbox.session import ApiServer
from tests.cluster_fixtures import Api, NewApiServer
from tests.eventually import eventually, eventually_true
from tests.integration.kube.following import connected
from tests.leaks import nothing_left
from vk_provider.controller.virtual_objects import PROVIDER_USER, furniture
from vk_provider.controller.virtual_side import Target, VirtualFacts, VirtualSide


@dataclass
class Watching:
    side: VirtualSide
    seen: list[VirtualFacts]

    async def until(self, condition: Callable[[VirtualFacts], object], what: str) -> None:
        await eventually(lambda: condition(self.side.facts), f"{what}; seen: {self.seen[-3:]}")


@asynccontextmanager
async def watching(server: Any, node: str) -> AsyncIterator[Watching]:
    authority = Pki(server.certificates).pair("ca")
    target = Target(
        name="team/demo",
        server=server.server,
        server_ca=authority.certificate,
        client_ca=authority,
        node=node,
        furniture=furniture("10.43.7.1", "cluster.local"),
    )
    seen: list[VirtualFacts] = []
    side = VirtualSide(target, SystemClock(), lambda: seen.append(side.facts))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(side.run())
        yield Watching(side, seen)
        running.cancel()


async def make_account(server: ApiServer) -> None:
    """What a controller-manager does."""
    async with connected(server.kubeconfig) as client:

        async def has_its_namespaces() -> bool:
            listed = await client.list(NAMESPACES)
            return any(each.name == "default" for each in listed.objects)

        await eventually_true(has_its_namespaces, "its namespaces")
        await client.create(SERVICE_ACCOUNTS, {"metadata": {"name": "default"}}, "default")


@asynccontextmanager
async def playing_node(client: Client, name: str) -> AsyncIterator[Callable[[str, str], Any]]:
    """A Node that says of itself what it is told to."""
    await client.create(NODES, {"metadata": {"name": name}})

    async def say(status: str, message: str) -> None:
        condition = {"type": "Ready", "status": status, "reason": "Test", "message": message}
        patch = {"status": {"conditions": [condition]}}
        await client.patch(NODES, name, patch, patch_type=PatchType.STRATEGIC, subresource="status")

    yield say
    await client.delete(NODES, name)


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    async with nothing_left():
        yield


@pytest.fixture
async def admin(virtual_api: Api) -> AsyncIterator[Client]:
    async with connected(virtual_api.kubeconfig) as client:
        yield client


async def test_the_provider_is_let_in_and_the_node_is_followed(virtual_api: Api, admin: Client) -> None:
    name = f"node-{virtual_api.namespace}"
    async with watching(virtual_api.server, name) as watch:
        await watch.until(lambda facts: facts.answers, "the API server to answer")
        assert watch.side.facts.node_trouble == "it has not registered yet"
        assert (await admin.get(CLUSTER_ROLES, PROVIDER_USER)).decode("rules")
        assert (await admin.get(CLUSTER_ROLE_BINDINGS, PROVIDER_USER)).decode("subjects")[0]["name"] == PROVIDER_USER
        assert "vk-provider.override" in (await admin.get(CONFIG_MAPS, "coredns-custom", "kube-system")).decode("data")
        async with playing_node(admin, name) as say:
            await say("True", "")
            await watch.until(lambda facts: facts.node_ready, "the node to be Ready")
            await say("False", "the host is away")
            await watch.until(lambda facts: facts.node_trouble == "the host is away", "the node not to be")
        await watch.until(lambda facts: facts.node_trouble == "it has not registered yet", "the node to be gone")


async def test_what_a_tenant_takes_away_comes_back_with_the_next_look(virtual_api: Api, admin: Client) -> None:
    name = f"node-{virtual_api.namespace}"
    async with watching(virtual_api.server, name) as watch:
        await watch.until(lambda facts: facts.answers, "the API server to answer")
    await admin.delete(CLUSTER_ROLE_BINDINGS, PROVIDER_USER)
    async with watching(virtual_api.server, name) as watch:
        await watch.until(lambda facts: facts.answers, "the API server to answer")
        assert await admin.get(CLUSTER_ROLE_BINDINGS, PROVIDER_USER)


async def test_an_api_server_that_goes_is_missed_and_seen_again_when_it_is_back(new_api_server: NewApiServer) -> None:
    server = new_api_server()
    async with watching(server, "nobody") as watch:
        await watch.until(lambda facts: '"default" not found' in facts.trouble, "pods not to be taken yet")
        await make_account(server)
        await watch.until(lambda facts: facts.answers, "the API server to answer")
        server.kill()
        await watch.until(lambda facts: not facts.answers, "its end to be seen")
        assert watch.side.facts.trouble == "it takes no connections"
        server.start()
        await watch.until(lambda facts: facts.answers, "the API server to answer again")
    server.remove()


async def test_authorities_that_are_good_for_nothing_are_told_of(virtual_api: Api) -> None:
    async with watching(virtual_api.server, "nobody") as watch:
        await watch.until(lambda facts: facts.answers, "the API server to answer")
    spoiled = Target(
        name="team/demo",
        server=virtual_api.server.server,
        server_ca=b"no certificate",
        client_ca=watch.side.target.client_ca,
        node="nobody",
    )
    side = VirtualSide(spoiled, SystemClock(), lambda: None)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(side.run())

        async def is_told() -> bool:
            return bool(side.facts.trouble)

        await eventually_true(is_told, "the trouble to be told")
        running.cancel()
    assert not side.facts.answers
