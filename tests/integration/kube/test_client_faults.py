"""What comes between a client and its API server: refusals, nonsense, cut and silent connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.errors import Conflict, Gone, InternalError, NotFound, ServiceUnavailable, TooManyRequests, Unreachable
from kube.resources import CONFIG_MAPS
from tests.cluster_fixtures import Api
from tests.faulty_proxy import FaultyProxy, Matches, Request, is_list, is_watch, response
from tests.integration.kube.following import connected
from tests.integration.kube.manifests import config_map
from tests.leaks import nothing_left

BUSY = response("429 Too Many Requests", b"slow down", "Retry-After: 0")
BUSY_LONG = response("429 Too Many Requests", b"slow down", "Retry-After: 1000")
FORBIDDEN_NOW = response("429 Too Many Requests", b"not as long as the budget stands")
FAILED = response("500 Internal Server Error", b"panic", "Content-Type: text/plain")
UNAVAILABLE = response("503 Service Unavailable", b"<html>no healthy upstream</html>", "Content-Type: text/html")
PAGE = response("200 OK", b"<html>log in first</html>", "Content-Type: text/html")


def status(code: int, reason: str) -> bytes:
    return json.dumps({"kind": "Status", "status": "Failure", "reason": reason, "code": code}).encode()


EXPIRED = response("410 Gone", status(410, "Expired"), "Content-Type: application/json")


def sent_by(method: str) -> Matches:
    def matches(request: Request) -> bool:
        return request.method == method

    return matches


def is_continued(request: Request) -> bool:
    return "continue=" in request.target


@dataclass
class Seen:
    """Implements `CallObserver`."""

    answers: list[tuple[str, int]] = field(default_factory=list)

    def answered(self, method: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.answers.append((method, status))


@dataclass
class Faulty:
    client: Client
    proxy: FaultyProxy
    namespace: str
    seen: Seen

    def asked(self, method: str) -> int:
        return len([request for request in self.proxy.requests if request.method == method])


@asynccontextmanager
async def faulty(api: Api, folder: Path, *, timeout: float = 30.0) -> AsyncIterator[Faulty]:  # noqa: ASYNC109 - handed on
    seen = Seen()
    async with nothing_left(), FaultyProxy(api.kubeconfig, folder) as proxy:
        credentials = await load_kubeconfig(proxy.kubeconfig)
        async with Client(
            credentials, user_agent="shop/1.0", field_manager="shop", timeout=timeout, observer=seen
        ) as client:
            yield Faulty(client, proxy, api.namespace, seen)


@pytest.mark.parametrize("answer", [BUSY, FAILED, UNAVAILABLE], ids=["429", "500", "503"])
async def test_read_is_repeated_until_it_is_answered(host_api: Api, tmp_path: Path, answer: bytes) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.answer(answer, times=2)
        await between.client.list(CONFIG_MAPS, between.namespace)
        assert between.asked("GET") == 3


@pytest.mark.parametrize(
    ("answer", "expected"), [(FAILED, InternalError), (UNAVAILABLE, ServiceUnavailable)], ids=["500", "503"]
)
async def test_read_that_is_never_answered_fails_as_the_last_answer_says(
    host_api: Api, tmp_path: Path, answer: bytes, expected: type[Exception]
) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.answer(answer)
        with pytest.raises(expected):
            await between.client.get(CONFIG_MAPS, "a", between.namespace)


async def test_create_is_repeated_when_the_server_turned_it_away_unread(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.answer(BUSY, times=2)
        await between.client.create(CONFIG_MAPS, config_map("a", between.namespace))
        assert between.asked("POST") == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(FAILED, InternalError, id="500"),
        pytest.param(UNAVAILABLE, ServiceUnavailable, id="503"),
        pytest.param(FORBIDDEN_NOW, TooManyRequests, id="429 without a time to wait"),
    ],
)
async def test_create_is_not_repeated_when_it_may_have_been_done(
    host_api: Api, tmp_path: Path, answer: bytes, expected: type[Exception]
) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.answer(answer)
        with pytest.raises(expected):
            await between.client.create(CONFIG_MAPS, config_map("a", between.namespace))
        assert between.asked("POST") == 1


async def test_create_whose_answer_was_cut_is_not_repeated(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.cut_after(10, to=sent_by("POST"))
        with pytest.raises(Unreachable) as failed:
            await between.client.create(CONFIG_MAPS, config_map("a", between.namespace))
        assert not failed.value.refused
        assert between.asked("POST") == 1
        await between.client.get(CONFIG_MAPS, "a", between.namespace)


async def test_read_whose_answer_was_cut_is_repeated(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.cut_after(200, to=is_list, times=2)
        await between.client.list(CONFIG_MAPS, between.namespace)
        assert not between.proxy.pending


async def test_repeated_write_that_had_worked_is_a_conflict(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        created = (await between.client.create(CONFIG_MAPS, config_map("a", between.namespace))).to_dict()
        between.proxy.cut_after(10, to=sent_by("PUT"), times=1)
        with pytest.raises(Conflict):
            await between.client.replace(CONFIG_MAPS, {**created, "data": {"color": "red"}})
        assert (await between.client.get(CONFIG_MAPS, "a", between.namespace)).decode("data") == {"color": "red"}


async def test_repeated_delete_that_had_worked_finds_nothing(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        await between.client.create(CONFIG_MAPS, config_map("a", between.namespace))
        between.proxy.cut_after(10, to=sent_by("DELETE"), times=1)
        with pytest.raises(NotFound):
            await between.client.delete(CONFIG_MAPS, "a", between.namespace)


async def test_server_that_wants_to_be_left_alone_longer_than_the_deadline_is_not_waited_for(
    host_api: Api, tmp_path: Path
) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.answer(BUSY_LONG)
        with pytest.raises(TooManyRequests) as refused:
            await between.client.list(CONFIG_MAPS, between.namespace)
        assert refused.value.retry_after == 1000
        assert between.asked("GET") == 1


async def test_silent_server_is_given_up_at_the_deadline(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path, timeout=0.5) as between:
        between.proxy.hang()
        with pytest.raises(Unreachable, match=r"no answer within 0\.5 s"):
            await between.client.get(CONFIG_MAPS, "a", between.namespace)


async def test_one_call_may_have_a_deadline_of_its_own(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.hang()
        with pytest.raises(Unreachable, match=r"no answer within 0\.2 s"):
            await between.client.request("GET", "/version", timeout=0.2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await between.client.get(CONFIG_MAPS, "a", between.namespace)


async def test_page_of_somebody_else_is_no_answer(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.answer(PAGE, to=is_list, times=1)
        with pytest.raises(Unreachable, match="not a Kubernetes list"):
            await between.client.list(CONFIG_MAPS, between.namespace)


async def test_server_that_is_not_there_is_unreachable_and_nothing_was_sent(host_api: Api, tmp_path: Path) -> None:
    async with FaultyProxy(host_api.kubeconfig, tmp_path) as proxy:
        kubeconfig = proxy.kubeconfig
    async with nothing_left(), connected(kubeconfig) as client:
        with pytest.raises(Unreachable) as failed:
            await client.create(CONFIG_MAPS, config_map("a", host_api.namespace))
        assert failed.value.refused


async def test_connections_that_were_cut_while_idle_are_not_noticed(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        for _ in range(3):
            await between.client.list(CONFIG_MAPS, between.namespace)
            between.proxy.cut()


async def test_list_that_expires_between_two_pages_is_read_again_in_one_piece(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        for number in range(3):
            await between.client.create(CONFIG_MAPS, config_map(f"a{number}", between.namespace))
        between.proxy.answer(EXPIRED, to=is_continued, times=1)
        listed = await between.client.list(CONFIG_MAPS, between.namespace, limit=1)
        assert [each.name for each in listed.objects if each.name.startswith("a")] == ["a0", "a1", "a2"]
        assert not between.proxy.pending


async def test_pages_that_expire_say_so(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        for number in range(3):
            await between.client.create(CONFIG_MAPS, config_map(f"a{number}", between.namespace))
        between.proxy.answer(EXPIRED, to=is_continued, times=1)
        with pytest.raises(Gone):
            _ = [page async for page in between.client.pages(CONFIG_MAPS, between.namespace, limit=1)]


async def test_watch_that_is_cut_in_the_middle_of_a_line_ends(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        created = await between.client.create(CONFIG_MAPS, config_map("a", between.namespace))
        before = str(int(created.resource_version) - 1)
        between.proxy.cut_after(250, to=is_watch)
        watch = between.client.watch(
            CONFIG_MAPS, between.namespace, resource_version=before, field_selector="metadata.name=a"
        )
        assert [event async for event in watch] == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(EXPIRED, id="as an answer"),
        pytest.param(response("200 OK", b'{"type":"ERROR","object":%s}\n' % status(410, "Expired")), id="as an event"),
    ],
)
async def test_watch_of_a_forgotten_version_is_gone(host_api: Api, tmp_path: Path, answer: bytes) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.answer(answer, to=is_watch)
        with pytest.raises(Gone):
            await anext(between.client.watch(CONFIG_MAPS, between.namespace, resource_version="1"))


async def test_server_is_told_who_asks_and_who_writes(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        await between.client.create(CONFIG_MAPS, config_map("a", between.namespace))
        (request,) = between.proxy.requests
        assert request.headers["user-agent"] == "shop/1.0"
        assert request.headers["accept-encoding"] == "identity"
        assert "fieldManager=shop" in request.target


async def test_observer_learns_of_every_request(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.answer(UNAVAILABLE, times=1)
        between.proxy.cut_after(10, to=sent_by("POST"))
        await between.client.list(CONFIG_MAPS, between.namespace)
        with pytest.raises(Unreachable):
            await between.client.create(CONFIG_MAPS, config_map("a", between.namespace))
        assert between.seen.answers == [("GET", 503), ("GET", 200), ("POST", 0)]


async def test_environment_that_names_a_proxy_is_not_followed(
    host_api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:1")
    async with faulty(host_api, tmp_path) as between:
        await between.client.list(CONFIG_MAPS, between.namespace)


async def test_cancelled_call_leaves_nothing(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        between.proxy.hang()
        calls = [asyncio.create_task(between.client.list(CONFIG_MAPS)) for _ in range(5)]
        await asyncio.wait(calls, timeout=0.2)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls, timeout=10)
        assert all(call.cancelled() for call in calls)


async def test_closed_client_says_so(host_api: Api, tmp_path: Path) -> None:
    async with faulty(host_api, tmp_path) as between:
        await between.client.close()
        with pytest.raises(RuntimeError, match="closed"):
            await between.client.list(CONFIG_MAPS)
