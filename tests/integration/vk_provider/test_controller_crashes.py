"""A controller that is gone after its Nth write, whose answer it never saw; and what the next one makes of that.

The lease of the one that is gone is left alone: the next one has its own, so as not to wait until it has run out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kube.objects import Object
from tests.cluster_fixtures import Api
from tests.eventually import eventually, eventually_true
from tests.faulty_proxy import FaultyProxy, Request, response
from tests.integration.vk_provider.controlling import Author, author
from tests.leaks import nothing_left
from vk_provider.controller.resources import CLUSTERS

REFUSED = response("403 Forbidden", b"")
KEPT = ("k3k-demo-token", "k3k-demo-authorities")


@pytest.fixture
async def somebody(host_api: Api) -> AsyncIterator[Author]:
    async with nothing_left(), author(host_api) as creator:
        yield creator


class AfterWrites:
    """Lets nothing more through once the Nth write has gone to the server."""

    def __init__(self, proxy: FaultyProxy, number: int) -> None:
        self._proxy = proxy
        self._left = number
        self.reached = False

    def __call__(self, request: Request) -> bool:
        if request.method != "GET" and "/leases" not in request.target:
            self._left -= 1
            if self._left == 0:
                self.reached = True
                self._proxy.hang()
        return False


@asynccontextmanager
async def crashing(somebody: Author, folder: Path, *, after: int) -> AsyncIterator[None]:
    """A controller for the length of a block, at whose end it has made so many writes and is gone."""
    async with FaultyProxy(somebody.kubeconfig, folder) as proxy:
        crash = AfterWrites(proxy, after)
        proxy.answer(b"", to=crash)
        async with somebody.controlled("--lease-name=crashing", kubeconfig=proxy.kubeconfig):
            yield
            await eventually(lambda: crash.reached, f"write number {after}")
            await asyncio.sleep(0.1)  # the write is on its way to the server
            proxy.cut()
            proxy.heal()
            proxy.answer(REFUSED)  # so that the end, which is none of a crash, does not take its time


def content(made: dict[tuple[str, str], Object]) -> dict[str, object]:
    """What must stay for ever, once it is there."""
    return {name: obj.decode("data") for (kind, name), obj in made.items() if kind == "Secret" and name in KEPT}


async def complete(somebody: Author) -> dict[tuple[str, str], Object]:
    async def looked() -> bool:
        return (await somebody.condition("ControlPlaneAvailable")).get("reason") == "Waiting"

    await eventually_true(looked, "the Cluster to wait for its pods")
    made = await somebody.made()
    assert {("StatefulSet", "k3k-demo-server"), ("Deployment", "k3k-demo-provider")} <= set(made)
    return made


@pytest.mark.parametrize("writes", [1, 2, 10, 11, 12, 15])
async def test_a_cluster_that_was_half_made_is_completed(somebody: Author, tmp_path: Path, writes: int) -> None:
    async with crashing(somebody, tmp_path, after=writes):
        await somebody.create()
    before = await somebody.made()
    async with somebody.controlled():
        made = await complete(somebody)
    assert content(made) | content(before) == content(made)
    assert len([kind for kind, _ in made if kind == "StatefulSet"]) == 1


@pytest.mark.parametrize("writes", [1, 3, 8])
async def test_a_cluster_that_was_half_deleted_goes(somebody: Author, tmp_path: Path, writes: int) -> None:
    async with somebody.controlled():
        await somebody.create()
        await complete(somebody)
    async with crashing(somebody, tmp_path, after=writes):
        await somebody.client.delete(CLUSTERS, "demo", somebody.namespace)

    async def is_gone() -> bool:
        return await somebody.cluster() is None

    async with somebody.controlled():
        await eventually_true(is_gone, "the Cluster to go")
    left = await somebody.made()
    assert ("RoleBinding", "k3k-demo-provider") not in left
    assert ("StatefulSet", "k3k-demo-server") not in left


async def test_a_cluster_that_is_deleted_while_it_is_made_goes(somebody: Author, tmp_path: Path) -> None:
    async with crashing(somebody, tmp_path, after=7):
        await somebody.create()
    await somebody.client.delete(CLUSTERS, "demo", somebody.namespace)

    async def is_gone() -> bool:
        return await somebody.cluster() is None

    async with somebody.controlled():
        await eventually_true(is_gone, "the Cluster to go")
