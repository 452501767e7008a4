"""Who is let in to what, by the rules of a real virtual cluster: every route, with every kind of credentials."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

ROUTES = {
    "GET /pods": ("get", "pods"),
    "GET /runningpods/": ("get", "pods"),
    "GET /configz": ("get", "configz"),
    "GET /logs": ("get", "log"),
    "GET /logs/syslog": ("get", "log"),
    "GET /healthz": ("get", "healthz"),
    "GET /healthz/ping": ("get", "healthz"),
    "GET /healthz/log": ("get", "healthz"),
    "GET /healthz/syncloop": ("get", "healthz"),
    "GET /stats/summary": ("get", "stats"),
    "POST /stats/summary": ("create", "stats"),
    "GET /metrics": ("get", "metrics"),
    "GET /metrics/resource": ("get", "metrics"),
    "GET /metrics/cadvisor": ("get", "metrics"),
    "GET /metrics/probes": ("get", "metrics"),
    "GET /containerLogs/shop/nobody/app": ("get", "proxy"),
    "POST /run/shop/nobody/app": ("create", "proxy"),
    "POST /run/shop/nobody/uid/app": ("create", "proxy"),
    **{
        f"{method} /{route}": ("create", "proxy")
        for method in ("GET", "POST")
        for route in (
            "exec/shop/nobody/app",
            "exec/shop/nobody/uid/app",
            "attach/shop/nobody/app",
            "attach/shop/nobody/uid/app",
            "portForward/shop/nobody",
            "portForward/shop/nobody/uid",
        )
    },
}
NO_SUCH_ROUTE = "GET /debug/pprof/"


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


async def status_of(kubelet: Serving, route: str, *, token: str = "", context: ssl.SSLContext | None = None) -> int:
    """What comes back; 0 for a connection that was not even opened."""
    method, _, path = route.partition(" ")
    headers = f"Authorization: Bearer {token}\r\n" if token else ""
    try:
        connection = await kubelet.connect(context or kubelet.certificates.client_context(None))
        connection.send(request(path, method=method, headers=headers))
        status = (await connection.head()).status
    except (OSError, EOFError):
        return 0
    connection.writer.close()
    return status


def test_the_table_has_every_route(kubelet: Serving) -> None:
    def shape(method: str, path: str) -> tuple[str, str, int]:
        return method, path.split("/")[1], path.count("/")

    served = {shape(route.method, route.path) for route in kubelet.server.routes}
    assert served == {shape(*route.split(" ")) for route in ROUTES}


async def test_without_credentials_every_route_is_closed(kubelet: Serving) -> None:
    assert {await status_of(kubelet, route) for route in (*ROUTES, NO_SUCH_ROUTE)} == {401}


@pytest.mark.parametrize("token", ["made-up", "a.b.c", "0123456789abcdef" * 1000])
async def test_a_made_up_token_is_nobodys(kubelet: Serving, token: str) -> None:
    assert {await status_of(kubelet, route, token=token) for route in (*ROUTES, NO_SUCH_ROUTE)} == {401}


async def test_a_certificate_of_another_authority_or_of_yesterday_opens_no_connection(
    kubelet: Serving, certificates: Certificates
) -> None:
    wrong = certificates.client_context(by=new_authority("virtual", now=datetime.now(UTC)))
    expired = certificates.client_context(lifetime=timedelta(minutes=-1))
    for context in (wrong, expired):
        assert {await status_of(kubelet, route, context=context) for route in ROUTES} == {0}


async def test_an_ordinary_service_account_may_do_nothing(kubelet: Serving, users: Accounts) -> None:
    token = await users.token("ordinary")
    assert {await status_of(kubelet, route, token=token) for route in (*ROUTES, NO_SUCH_ROUTE)} == {403}


async def test_an_ordinary_certificate_may_do_nothing(kubelet: Serving, certificates: Certificates) -> None:
    context = certificates.client_context(Subject("somebody", ["system:authenticated"]))
    assert {await status_of(kubelet, route, context=context) for route in ROUTES} == {403}


async def test_the_api_server_may_do_everything(kubelet: Serving, certificates: Certificates) -> None:
    answers = {await status_of(kubelet, route, context=certificates.client_context(API_SERVER)) for route in ROUTES}
    assert answers.isdisjoint({0, 401, 403, 500})


@pytest.mark.parametrize("right", sorted({*ROUTES.values(), ("get", "proxy")}))
async def test_a_right_opens_the_routes_it_is_for_and_no_others(
    kubelet: Serving, users: Accounts, right: tuple[str, str]
) -> None:
    verb, subresource = right
    token = await users.token("monitor", rule([verb], f"nodes/{subresource}"))
    opened = {route for route in ROUTES if await status_of(kubelet, route, token=token) not in {0, 401, 403, 500}}
    wide = {"pods", "healthz", "configz"} if subresource == "proxy" else set()
    assert opened == {route for route, (does, what) in ROUTES.items() if does == verb and what in {subresource, *wide}}


async def test_a_right_to_another_node_opens_nothing(kubelet: Serving, users: Accounts) -> None:
    token = await users.token("neighbour", {**rule(["*"], "nodes/proxy", "nodes/metrics"), "resourceNames": ["other"]})
    assert {await status_of(kubelet, route, token=token) for route in ROUTES} == {403}


async def test_a_token_for_somebody_else_is_nobodys(kubelet: Serving, users: Accounts) -> None:
    await users.token("vault", rule(["*"], "nodes/*"))
    token = await users.another_token("vault", audiences=["https://vault.example"])
    assert {await status_of(kubelet, route, token=token) for route in ROUTES} == {401}


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
