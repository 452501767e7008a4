"""What becomes of an informer when its server is restarted, killed, paused, forgets its history or loses its data."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kube.client import PAGE
from kube.resources import NAMESPACES
from kube.watching import Step
from sandbox.session import ApiServer
from tests.cluster_fixtures import NewApiServer
from tests.eventually import eventually
from tests.faulty_proxy import FaultyProxy, Request, is_watch, response
from tests.integration.kube.following import Following, connected, following
from tests.leaks import nothing_left


@pytest.fixture(scope="module")
def server(new_api_server: NewApiServer) -> Iterator[ApiServer]:
    """A server to be harmed; each test leaves it running."""
    started = new_api_server()
    yield started
    started.remove()


@asynccontextmanager
async def behind_proxy(server: ApiServer, folder: Path) -> AsyncIterator[tuple[Following, FaultyProxy]]:
    namespace = server.create_namespace("disaster")
    async with (
        nothing_left(),
        FaultyProxy(server.kubeconfig, folder) as proxy,
        following(server.kubeconfig, namespace, through=proxy.kubeconfig) as followed,
    ):
        yield followed, proxy


async def test_a_server_that_was_restarted_is_followed_on(server: ApiServer) -> None:
    async with following(server.kubeconfig, server.create_namespace("restart")) as followed:
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await followed.change_everything()
        await followed.recover()


async def test_a_server_that_was_killed_is_followed_on(server: ApiServer) -> None:
    async with following(server.kubeconfig, server.create_namespace("kill")) as followed:
        await asyncio.to_thread(server.kill)
        await eventually(lambda: followed.informer.state.failure, "the informer to know that the server is gone")
        await asyncio.to_thread(server.start)
        await followed.change_everything()
        await followed.recover()
        assert followed.informer.state.failure is None


async def test_a_server_that_was_paused_is_noticed_and_followed_on(server: ApiServer) -> None:
    async with following(server.kubeconfig, server.create_namespace("pause")) as followed:
        await followed.recover()  # the news came by the watch, so it is open: a pause before would be no silence
        server.pause()
        try:
            await eventually(lambda: followed.informer.state.step is Step.CHECK, "the silence to be noticed")
        finally:
            server.resume()
        await followed.change_everything()
        await followed.recover()


async def test_a_server_that_is_paused_cannot_keep_the_socket_of_a_watch_that_was_left(server: ApiServer) -> None:
    """It does not answer the goodbye that TLS would like to say first."""
    async with connected(server.kubeconfig) as client:
        try:
            async with nothing_left(), client.stream("GET", NAMESPACES.path(), query=[("watch", "true")]):
                server.pause()
        finally:
            server.resume()


async def test_a_history_that_was_compacted_meanwhile_is_listed_anew(server: ApiServer, tmp_path: Path) -> None:
    async with behind_proxy(server, tmp_path) as (followed, proxy):
        known = followed.sees("deleted")
        proxy.cut_after(0)
        proxy.cut()
        await followed.change_everything()
        await asyncio.to_thread(server.compact)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)  # without what its watch cache remembered
        proxy.heal()
        await followed.recover()
        assert followed.informer.state.lists == 2
        deleted = {change.key.name: change.old for change in followed.subscriber.told if change.new is None}
        assert deleted["deleted"] == known


async def test_a_list_whose_history_is_compacted_halfway_is_begun_again(server: ApiServer, tmp_path: Path) -> None:
    async with behind_proxy(server, tmp_path) as (followed, proxy):
        await fill(followed, PAGE + 10)
        proxy.latency = 0.5
        proxy.answer(response("410 Gone", b""), to=is_watch, times=1)
        proxy.cut()
        await eventually(lambda: any(map(asks_for_next_page, proxy.requests)), "a second page to be asked for")
        proxy.hang()  # within the latency: the request is still on its way
        await followed.change_everything()
        await asyncio.to_thread(server.compact)
        proxy.latency = 0.0
        proxy.heal()
        await followed.recover()
        assert len(list(filter(asks_for_next_page, proxy.requests))) == 2


async def test_a_server_that_lost_its_data_is_listed_anew(server: ApiServer) -> None:
    async with following(server.kubeconfig, server.create_namespace("lost")) as followed:
        await asyncio.to_thread(server.lose_data)
        await create_namespace(followed)
        await followed.recover()
        assert not followed.sees("kept")


async def test_a_server_that_lost_its_data_is_recognised_even_when_it_has_overtaken_us(
    server: ApiServer, tmp_path: Path
) -> None:
    """Its resourceVersion is higher than ours by then, as if nothing had happened."""
    async with behind_proxy(server, tmp_path) as (followed, proxy):
        known = int(followed.informer.last_resource_version)
        proxy.cut_after(0)
        proxy.cut()
        await asyncio.to_thread(server.lose_data)
        await create_namespace(followed)
        writes = itertools.count()
        while int((await followed.put("new", write=str(next(writes)))).resource_version) <= known:
            pass
        proxy.heal()
        await followed.recover()
        assert not followed.sees("kept")


def asks_for_next_page(request: Request) -> bool:
    return "continue=" in request.target


async def fill(followed: Following, count: int) -> None:
    names = (f"filler-{number}" for number in range(count))
    while few := list(itertools.islice(names, 30)):  # as many as a busy server can answer within a call's deadline
        async with asyncio.TaskGroup() as group:
            for name in few:
                group.create_task(followed.put(name))


async def create_namespace(followed: Following) -> None:
    metadata = {"name": followed.namespace}
    await followed.admin.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
