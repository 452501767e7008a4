"""What becomes of virtual nodes when either API server goes away, comes back, hangs, or has lost its data."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from kube.client import PatchType
from kube.resources import NODES
from sandbox.session import ApiServer
from tests.cluster_fixtures import Api, NewApiServer
from tests.eventually import eventually
from tests.integration.node.paced_clock import FAST, SLOW
from tests.integration.node.world import World, world
from tests.unit.node.hosts import ROOM


@pytest.fixture(scope="module")
def server(new_api_server: NewApiServer) -> Iterator[ApiServer]:
    """A server to be harmed; each test leaves it running."""
    started = new_api_server()
    yield started
    started.remove()


@pytest.fixture
async def fragile_host(server: ApiServer, virtual_api: Api) -> AsyncIterator[World]:
    async with world(server.kubeconfig, virtual_api.kubeconfig, server.create_namespace("host")) as created:
        await created.add_host_node("one")
        yield created


@pytest.fixture
async def fragile_virtual(server: ApiServer, host_api: Api) -> AsyncIterator[World]:
    async with world(host_api.kubeconfig, server.kubeconfig, host_api.namespace) as created:
        await created.add_host_node("one")
        yield created


def is_ready(clusters: World) -> bool:
    return clusters.condition() == "True"


async def test_a_host_api_that_is_gone_for_long_makes_the_node_not_ready(
    fragile_host: World, server: ApiServer
) -> None:
    async with fragile_host.registering(clock=FAST):
        await fragile_host.until(is_ready, "the node to be ready")
        await asyncio.to_thread(server.kill)
        await fragile_host.until(lambda now: now.condition() == "False", "the node to notice")
        assert fragile_host.status()["capacity"] == ROOM
        assert fragile_host.condition("MemoryPressure") == "Unknown"
        await asyncio.to_thread(server.start)
        await fragile_host.until(is_ready, "the node to be ready again")


async def test_a_host_api_that_hangs_makes_the_node_not_ready(fragile_host: World, server: ApiServer) -> None:
    async with fragile_host.registering(clock=FAST):
        await fragile_host.until(is_ready, "the node to be ready")
        server.pause()
        try:
            await fragile_host.until(lambda now: now.condition() == "False", "the node to notice")
        finally:
            server.resume()
        await fragile_host.until(is_ready, "the node to be ready again")


async def test_a_host_api_that_restarts_is_not_worth_a_word(fragile_host: World, server: ApiServer) -> None:
    async with fragile_host.registering(clock=SLOW):
        await fragile_host.until(is_ready, "the node to be ready")
        since = transitions(fragile_host)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        await fragile_host.add_host_node("two")
        await fragile_host.until(lambda now: now.status()["capacity"]["cpu"] == "8", "the host's news", seconds=120)
        assert transitions(fragile_host) == since


def transitions(clusters: World) -> list[str]:
    return [condition["lastTransitionTime"] for condition in clusters.status()["conditions"]]


async def test_without_a_host_a_node_is_registered_as_not_ready_and_keeps_what_it_said_before(
    fragile_host: World, server: ApiServer
) -> None:
    async with fragile_host.registering():
        await fragile_host.until(is_ready, "the node to be ready")
    await asyncio.to_thread(server.kill)
    try:
        async with fragile_host.registering():
            await fragile_host.until(lambda now: now.condition() == "False", "the node to be reported")
            assert fragile_host.status()["capacity"] == ROOM
            assert fragile_host.labels()["kubernetes.io/arch"] == "amd64"
            await fragile_host.virtual.delete(NODES, fragile_host.name)
            await fragile_host.until(
                lambda now: now.condition() == "False" and "capacity" not in now.status(), "one that knows nothing"
            )
    finally:
        await asyncio.to_thread(server.start)


async def test_a_virtual_api_that_was_killed_finds_its_node_alive(fragile_virtual: World, server: ApiServer) -> None:
    async with fragile_virtual.registering():
        await fragile_virtual.until(World.lease, "the node to be alive")
        node = fragile_virtual.node()
        assert node is not None
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(2)  # calls fail meanwhile, of all kinds
        renewed = fragile_virtual.lease_spec()["renewTime"]
        await asyncio.to_thread(server.start)
        await fragile_virtual.until(lambda now: now.lease_spec().get("renewTime", renewed) != renewed, "a renewal")
        await fragile_virtual.edit({"metadata": {"labels": None}})
        await fragile_virtual.until(lambda now: now.labels().get("type"), "the node to be restored", seconds=60)
        found = fragile_virtual.node()
        assert found is not None
        assert found.uid == node.uid


async def test_a_virtual_api_that_lost_its_data_gets_its_node_back(fragile_virtual: World, server: ApiServer) -> None:
    async with fragile_virtual.registering():
        await fragile_virtual.until(World.lease, "the node to be alive")
        node = fragile_virtual.node()
        assert node is not None
        await asyncio.to_thread(server.lose_data)
        await fragile_virtual.until(lambda now: (new := now.node()) and new.uid != node.uid, "a new node", seconds=60)
        await fragile_virtual.until(is_ready, "it to be ready")
        await fragile_virtual.until(World.lease, "its lease")


async def test_somebody_who_edits_all_the_time_gets_a_true_node_in_the_end(fragile_virtual: World) -> None:
    async with fragile_virtual.registering():
        await fragile_virtual.until(is_ready, "the node to be ready")
        for number in range(100):
            label = {"metadata": {"labels": {"type": str(number), "theirs": str(number)}}}
            await fragile_virtual.virtual.patch(NODES, fragile_virtual.name, label, patch_type=PatchType.MERGE)
        await eventually(
            lambda: (fragile_virtual.labels()["type"], fragile_virtual.labels()["theirs"]) == ("virtual-kubelet", "99"),
            "our label to be restored and theirs to be kept",
        )
