"""Who is let in to what, by the rules of a real virtual cluster: every route, with every kind of credentials."""

import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from kube.certificates import Subject, new_authority
from kube.client import Client
from kube.clock import Clock, SystemClock
from node.kubelet.access import Access
from node.kubelet.access_reviews import AccessReviews
from node.kubelet.authentication import ClientCertificates
from node.kubelet.bearer_tokens import BearerTokens
from tests.cluster_fixtures import Api
from tests.integration.kubelet.accounts import REVIEWS, Accounts, accounts, rule
from tests.integration.kubelet.certificates import API_SERVER, Certificates
from tests.integration.kubelet.client import request
from tests.integration.kubelet.host import Host
from tests.integration.kubelet.serving import NODE, Serving, serving
from tests.virtual_clock import VirtualClock


@dataclass(frozen=True)
class Needed:
    """The right that a route needs, and what it answers to whoever has that."""

    verb: str
    subresource: str
    answer: int = 200


ENTERED = Needed("create", "proxy", 404)  # a pod that is not there
ROUTES = {
    "GET /pods": Needed("get", "pods"),
    "GET /runningpods/": Needed("get", "pods"),
    "GET /configz": Needed("get", "configz"),
    "GET /logs": Needed("get", "log", 405),
    "GET /logs/syslog": Needed("get", "log", 405),
    "GET /healthz": Needed("get", "healthz"),
    "GET /healthz/ping": Needed("get", "healthz"),
    "GET /healthz/log": Needed("get", "healthz"),
    "GET /healthz/syncloop": Needed("get", "healthz"),
    "GET /stats/summary": Needed("get", "stats"),
    "POST /stats/summary": Needed("create", "stats"),
    "GET /metrics": Needed("get", "metrics"),
    "GET /metrics/resource": Needed("get", "metrics"),
    "GET /metrics/cadvisor": Needed("get", "metrics"),
    "GET /metrics/probes": Needed("get", "metrics"),
    "GET /containerLogs/shop/nobody/app": Needed("get", "proxy", 404),
    "POST /run/shop/nobody/app": ENTERED,
    "POST /run/shop/nobody/uid/app": ENTERED,
    **{
        f"{method} /{route}": ENTERED
        for method in ("GET", "POST")
        for route in (
            "exec/shop/nobody/app?command=id&output=1",
            "exec/shop/nobody/uid/app?command=id&output=1",
            "attach/shop/nobody/app?output=1",
            "attach/shop/nobody/uid/app?output=1",
            "portForward/shop/nobody",
            "portForward/shop/nobody/uid",
        )
    },
}
NO_SUCH_ROUTES = ("GET /debug/pprof/", "GET /", "DELETE /pods", "PUT /metrics", "GET /Metrics", "GET /metrics/")
NO_CONNECTION = 0
_TELLS_NOTHING = {  # but to whoever asks his own name and what he asked for
    401: re.compile(rb"Unauthorized"),
    403: re.compile(rb"Forbidden \(user=\S+, verb=[a-z]*, resource=nodes, subresource\(s\)=\['[a-z', ]+'\]\)"),
    NO_CONNECTION: re.compile(rb""),
}


Show = Callable[[Accounts, Certificates], Awaitable["Shown"]]


@pytest.fixture
async def users(virtual_api: Api) -> AsyncIterator[Accounts]:
    async with accounts(virtual_api) as made:
        yield made


@asynccontextmanager
async def kubelet_of(
    certificates: Certificates, upstream: Host, reviewer: Client, clock: Clock | None = None
) -> AsyncIterator[Serving]:
    clock = clock or SystemClock()
    tls = certificates.serving_tls(clock)
    access = Access(
        [ClientCertificates(tls, clock), BearerTokens(reviewer, clock)], AccessReviews(reviewer, clock, node=NODE)
    )
    async with serving(certificates, upstream.port, access=access, tls=tls) as kubelet:
        yield kubelet


@pytest.fixture
async def kubelet(certificates: Certificates, upstream: Host, users: Accounts) -> AsyncIterator[Serving]:
    async with (
        users.client("provider", *REVIEWS) as reviewer,
        kubelet_of(certificates, upstream, reviewer) as started,
    ):
        yield started


async def answer_of(
    kubelet: Serving, route: str, *, token: str = "", context: ssl.SSLContext | None = None
) -> tuple[int, bytes]:
    """Status and body, of which only refusals are read."""
    method, _, path = route.partition(" ")
    headers = f"Authorization: Bearer {token}\r\n" if token else ""
    try:
        connection = await kubelet.connect(context or kubelet.certificates.client_context(None))
        connection.send(request(path, method=method, headers=headers))
        head = await connection.head()
    except (OSError, EOFError):
        return NO_CONNECTION, b""
    body = await connection.body(head) if head.status in {401, 403} else b""
    connection.writer.close()
    return head.status, body


async def status_of(kubelet: Serving, route: str, *, token: str = "", context: ssl.SSLContext | None = None) -> int:
    return (await answer_of(kubelet, route, token=token, context=context))[0]


def test_the_table_has_every_route(kubelet: Serving) -> None:
    def shape(method: str, path: str) -> tuple[str, str, int]:
        return method, path.split("/")[1], path.count("/")

    served = {shape(route.method, route.path) for route in kubelet.server.routes}
    assert served == {shape(*route.partition("?")[0].split(" ")) for route in ROUTES}


@dataclass(frozen=True)
class Shown:
    """What somebody shows of himself."""

    token: str = ""
    context: ssl.SSLContext | None = None


async def nothing(_: Accounts, __: Certificates) -> Shown:
    return Shown()


async def a_made_up_token(_: Accounts, __: Certificates) -> Shown:
    return Shown("a.b.c")


async def a_very_long_token(_: Accounts, __: Certificates) -> Shown:
    return Shown("0123456789abcdef" * 1000)


async def an_expired_token(users: Accounts, _: Certificates) -> Shown:
    await users.token("late", rule(["*"], "nodes/*"))
    assert await users.is_known(await users.own_token("late", expires_in=60))
    return Shown(await users.own_token("late", expires_in=-60))


async def a_token_for_somebody_else(users: Accounts, _: Certificates) -> Shown:
    return Shown(await users.token("vault", rule(["*"], "nodes/*"), audiences=["https://vault.example"]))


async def a_token_of_nobody_any_more(users: Accounts, _: Certificates) -> Shown:
    token = await users.token("former", rule(["*"], "nodes/*"))
    await users.delete("former")
    return Shown(token)


async def an_ordinary_token(users: Accounts, _: Certificates) -> Shown:
    return Shown(await users.token("ordinary"))


async def a_right_to_another_node(users: Accounts, _: Certificates) -> Shown:
    rights = {**rule(["*"], "nodes/proxy", "nodes/metrics"), "resourceNames": ["other"]}
    return Shown(await users.token("neighbour", rights))


async def a_right_to_pods_and_nodes(users: Accounts, _: Certificates) -> Shown:
    """Of the API server's own: whoever may exec there may not do so here."""
    return Shown(await users.token("editor", rule(["*"], "nodes", "pods", "pods/exec", "pods/log")))


async def an_ordinary_certificate(_: Accounts, certificates: Certificates) -> Shown:
    return Shown(context=certificates.client_context(Subject("somebody", ["system:authenticated"])))


async def a_wrong_authority(_: Accounts, certificates: Certificates) -> Shown:
    return Shown(context=certificates.client_context(by=new_authority("virtual", now=datetime.now(UTC))))


async def an_expired_certificate(_: Accounts, certificates: Certificates) -> Shown:
    return Shown(context=certificates.client_context(lifetime=timedelta(minutes=-1)))


async def a_certificate_of_tomorrow(_: Accounts, certificates: Certificates) -> Shown:
    return Shown(context=certificates.client_context(begins_in=timedelta(days=1)))


@pytest.mark.parametrize(
    ("show", "status"),
    [
        (nothing, 401),
        (a_made_up_token, 401),
        (a_very_long_token, 401),
        (an_expired_token, 401),
        (a_token_for_somebody_else, 401),
        (a_token_of_nobody_any_more, 401),
        (an_ordinary_token, 403),
        (a_right_to_another_node, 403),
        (a_right_to_pods_and_nodes, 403),
        (an_ordinary_certificate, 403),
        (a_wrong_authority, NO_CONNECTION),
        (an_expired_certificate, NO_CONNECTION),
        (a_certificate_of_tomorrow, NO_CONNECTION),
    ],
)
async def test_every_route_and_what_is_none_is_closed_to_whoever_shows(
    kubelet: Serving, users: Accounts, certificates: Certificates, show: Show, status: int
) -> None:
    shown = await show(users, certificates)
    for route in (*ROUTES, *NO_SUCH_ROUTES):
        answer = await answer_of(kubelet, route, token=shown.token, context=shown.context)
        assert answer[0] == status, route
        assert _TELLS_NOTHING[status].fullmatch(answer[1]), (route, answer)


async def test_the_api_server_may_do_everything(kubelet: Serving, certificates: Certificates) -> None:
    context = certificates.client_context(API_SERVER)
    answers = {route: await status_of(kubelet, route, context=context) for route in ROUTES}
    assert answers == {route: needed.answer for route, needed in ROUTES.items()}


@pytest.mark.parametrize("right", sorted({(each.verb, each.subresource) for each in ROUTES.values()}))
async def test_a_right_opens_the_routes_it_is_for_and_no_others(
    kubelet: Serving, users: Accounts, right: tuple[str, str]
) -> None:
    verb, subresource = right
    token = await users.token("monitor", rule([verb], f"nodes/{subresource}"))
    wide = {"pods", "healthz", "configz"} if subresource == "proxy" else set()
    expected = {
        route: needed.answer if needed.verb == verb and needed.subresource in {subresource, *wide} else 403
        for route, needed in ROUTES.items()
    }
    assert {route: await status_of(kubelet, route, token=token) for route in ROUTES} == expected


async def test_what_is_taken_away_is_gone_after_a_minute(
    certificates: Certificates, upstream: Host, users: Accounts
) -> None:
    clock = VirtualClock()
    async with (
        users.client("provider", *REVIEWS) as reviewer,
        kubelet_of(certificates, upstream, reviewer, clock) as kubelet,
    ):
        token = await users.token("monitor", rule(["get"], "nodes/metrics"))
        assert await status_of(kubelet, "GET /metrics", token=token) == 200
        await users.revoke("monitor")
        assert await status_of(kubelet, "GET /metrics", token=token) == 200
        clock.jump(61)
        assert await status_of(kubelet, "GET /metrics", token=token) == 403


async def test_without_the_right_to_ask_only_certificates_of_masters_are_let_in(
    certificates: Certificates, upstream: Host, users: Accounts
) -> None:
    token = await users.token("monitor", rule(["*"], "nodes/*"))
    async with (
        users.client("provider") as reviewer,
        kubelet_of(certificates, upstream, reviewer) as kubelet,
    ):
        other = certificates.client_context(Subject("monitor", ["system:monitoring"]))
        assert await status_of(kubelet, "GET /metrics", token=token) == 401
        assert await status_of(kubelet, "GET /metrics", context=other) == 403
        assert await status_of(kubelet, "GET /metrics", context=certificates.client_context(API_SERVER)) == 200
