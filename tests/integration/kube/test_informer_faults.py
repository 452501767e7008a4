"""What comes between an informer and its server: cut, dead and slow connections, refusals, garbage."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kube.codec import encode
from kube.informer import Informer
from kube.objects import Metadata, Object
from kube.resources import CONFIG_MAPS
from kube.store import ChangeKind
from kube.watching import INITIAL_EVENTS_END, Step
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.faulty_proxy import FaultyProxy, Matches, Request, anything, is_list, is_watch, response
from tests.integration.kube.following import IMPATIENT, Following, following
from tests.leaks import nothing_left

TOO_MANY = response("429 Too Many Requests", b"slow down", "Retry-After: 1")
BUSY = response("429 Too Many Requests", b"slow down")
FAILED = response("500 Internal Server Error", b"panic: runtime error", "Content-Type: text/plain")
UNAVAILABLE = response("503 Service Unavailable", b"<html>no healthy upstream</html>", "Content-Type: text/html")
HTML = response("200 OK", b"<html>log in first</html>\n", "Content-Type: text/html")
BROKEN_LINE = response("200 OK", b'{"type":"ADDED","object":{"metadata":{"na\n')
NOT_AN_EVENT = response("200 OK", b'{"type":"LATER","object":7}\n[]\n')
ENDED = response("200 OK", b"")


def status(code: int, reason: str) -> bytes:
    return json.dumps(
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": code}
    ).encode()


FORBIDDEN = response("403 Forbidden", status(403, "Forbidden"), "Content-Type: application/json")
GONE = response("410 Gone", status(410, "Expired"), "Content-Type: application/json")
GONE_LATER = response("200 OK", b'{"type":"ERROR","object":' + status(410, "Expired") + b"}\n")
NAMELESS_ERROR = response("200 OK", b'{"type":"ERROR","object":{}}\n')


@asynccontextmanager
async def behind_proxy(api: Api, folder: Path) -> AsyncIterator[tuple[Following, FaultyProxy]]:
    async with (
        nothing_left(),
        FaultyProxy(api.kubeconfig, folder) as proxy,
        following(api.kubeconfig, api.namespace, through=proxy.kubeconfig) as followed,
    ):
        yield followed, proxy


@pytest.mark.parametrize(
    ("answer", "to"),
    [
        pytest.param(TOO_MANY, anything, id="429 with a time to wait"),
        pytest.param(BUSY, anything, id="429 without"),
        pytest.param(FAILED, anything, id="500 with text"),
        pytest.param(UNAVAILABLE, anything, id="503 with a page"),
        pytest.param(FORBIDDEN, anything, id="403"),
        pytest.param(HTML, anything, id="a login page"),
        pytest.param(HTML, is_list, id="a login page for lists"),
        pytest.param(BROKEN_LINE, is_watch, id="a broken line"),
        pytest.param(NOT_AN_EVENT, is_watch, id="lines that are no events"),
        pytest.param(ENDED, is_watch, id="watches that end at once"),
        pytest.param(GONE, is_watch, id="410"),
        pytest.param(GONE_LATER, is_watch, id="410 as an event"),
        pytest.param(NAMELESS_ERROR, is_watch, id="an error without reason or message"),
    ],
)
async def test_it_recovers_from_answers_that_are_none(
    host_api: Api, tmp_path: Path, answer: bytes, to: Matches
) -> None:
    async with behind_proxy(host_api, tmp_path) as (followed, proxy):
        proxy.answer(answer, to=to, times=3)
        proxy.cut()
        await followed.change_everything()
        await eventually(lambda: not proxy.pending, f"three answers to be given; {proxy.requests}")
        await followed.recover()


async def cut(followed: Following, proxy: FaultyProxy) -> None:
    proxy.cut()
    await followed.change_everything()


async def cut_in_mid_line(followed: Following, proxy: FaultyProxy) -> None:
    proxy.cut_after(1000, to=is_watch, times=1)
    proxy.cut()
    await followed.put("long", text="x" * 2000)
    await followed.change_everything()
    await eventually(lambda: not proxy.pending, "the watch to be cut")


async def go_silent(followed: Following, proxy: FaultyProxy) -> None:
    proxy.hang()
    await followed.change_everything()
    await eventually(lambda: followed.informer.state.step is Step.CHECK, "the silence to be noticed")
    proxy.heal()


async def vanish_for_a_while(followed: Following, proxy: FaultyProxy) -> None:
    proxy.cut_after(0)
    proxy.cut()
    await followed.change_everything()
    await eventually(lambda: followed.informer.state.failures_in_a_row > 1, "the informer to have failed twice")
    proxy.heal()


async def be_slow(followed: Following, proxy: FaultyProxy) -> None:
    proxy.latency = 0.3
    proxy.cut()
    await followed.change_everything()


@pytest.mark.parametrize("harm", [cut, cut_in_mid_line, go_silent, vanish_for_a_while, be_slow])
async def test_it_recovers_from_bad_connections(
    host_api: Api, tmp_path: Path, harm: Callable[[Following, FaultyProxy], Awaitable[None]]
) -> None:
    async with behind_proxy(host_api, tmp_path) as (followed, proxy):
        await harm(followed, proxy)
        await followed.recover()


async def test_a_connection_that_breaks_does_not_cost_a_list(host_api: Api, tmp_path: Path) -> None:
    async with behind_proxy(host_api, tmp_path) as (followed, proxy):
        for _ in range(3):
            proxy.cut()
            await followed.put("changed")
            await followed.recover()
        assert followed.informer.state.lists == 1


async def test_progress_by_bookmarks_alone_is_progress(host_api: Api, tmp_path: Path) -> None:
    """Otherwise a quiet collection would be asked for a history that busy ones made the server forget."""
    async with behind_proxy(host_api, tmp_path) as (followed, proxy):
        newest = (await followed.admin.list(CONFIG_MAPS, followed.namespace, limit=1)).resource_version
        bookmark = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"resourceVersion": newest}}
        line = json.dumps({"type": "BOOKMARK", "object": bookmark}).encode() + b"\n"
        proxy.answer(response("200 OK", line), to=is_watch, times=1)
        proxy.cut()
        await eventually(lambda: followed.informer.last_resource_version == newest, "the bookmark to be taken in")
        await followed.recover()
        assert any(f"resourceVersion={newest}" in request.target for request in filter(is_watch, proxy.requests))


async def test_a_streaming_list_is_taken_as_newer_servers_send_it(host_api: Api, tmp_path: Path) -> None:
    """The proxy plays the newer server with what the real one holds."""
    async with behind_proxy(host_api, tmp_path) as (followed, proxy):
        streaming = Informer(followed.client, CONFIG_MAPS, followed.namespace, timing=IMPATIENT)
        proxy.answer(response("200 OK", await streamed(followed)), to=asks_for_streaming_list, times=1)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(streaming.run())
            await streaming.wait_synced()
            assert streaming.store.values() == followed.informer.store.values()
            await followed.change_everything()
            news = await followed.put("news")
            await eventually(lambda: streaming.store.get(news.key) == news, "an event after the streaming list")
            run.cancel()
        assert streaming.state.lists == 1
        assert len(list(filter(asks_for_page, proxy.requests))) == 1, "the other informer's list is the only one"


async def streamed(followed: Following) -> bytes:
    """Return what the namespace holds as a streaming list."""
    fresh = await followed.admin.list(CONFIG_MAPS, followed.namespace)
    end = Metadata(resource_version=fresh.resource_version, annotations={INITIAL_EVENTS_END: "true"})
    said = [("ADDED", obj) for obj in fresh.objects] + [("BOOKMARK", Object("v1", "ConfigMap", end))]
    return b"".join(b'{"type":"%b","object":%b}\n' % (kind.encode(), encode(obj)) for kind, obj in said)


def asks_for_streaming_list(request: Request) -> bool:
    return "sendInitialEvents=true" in request.target


def asks_for_page(request: Request) -> bool:
    return is_list(request) and "fieldSelector" not in request.target


async def test_a_deletion_that_nobody_could_see_is_told_with_the_last_known_state(
    host_api: Api, tmp_path: Path
) -> None:
    async with behind_proxy(host_api, tmp_path) as (followed, proxy):
        known = followed.sees("deleted")
        proxy.cut_after(0)
        proxy.cut()
        await followed.delete("deleted")
        proxy.heal()
        proxy.answer(GONE, to=is_watch, times=1)
        await followed.recover()
        (told,) = (change for change in followed.subscriber.told if change.kind is ChangeKind.DELETED)
        assert told.old == known
