"""Service account tokens, from a real API server to the Secrets that host pods read them from."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kube.clock import SystemClock
from kube.errors import NotFound
from kube.objects import Object
from kube.resources import PODS, SECRETS, SERVICE_ACCOUNTS, Resource
from tests.cluster_fixtures import Api
from tests.integration.reflectors.sides import Sides, reflecting, sides, until
from tests.leaks import nothing_left

TOKEN_REVIEWS = Resource("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", namespaced=False)
NAMESPACE = {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
ROOT_CA = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
AUTOMATIC = {  # as the admission of a newer API server adds it
    "name": "kube-api-access-x7k2p",
    "projected": {
        "sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
            {"configMap": ROOT_CA},
            {"downwardAPI": {"items": [NAMESPACE]}},
        ]
    },
}
OWN = {
    "name": "own",
    "projected": {
        "sources": [
            {"serviceAccountToken": {"path": "vault", "audience": "vault", "expirationSeconds": 600}},
            {"serviceAccountToken": {"path": "mail", "audience": "mail", "expirationSeconds": 7200}},
        ]
    },
}


class HastyClock(SystemClock):
    """A clock by which a minute passes in a second."""

    RATE = 60.0

    def __init__(self, ahead: float = 0.0) -> None:
        self._started, self._ahead = super().now(), ahead

    def now(self) -> float:
        return self._started + (super().now() - self._started) * self.RATE + self._ahead

    def utcnow(self) -> datetime:
        real = super().utcnow().timestamp()
        return datetime.fromtimestamp(real + self.now() - super().now(), UTC)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / self.RATE)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        return super().timeout(None if seconds is None else seconds / self.RATE)


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with nothing_left(), sides(host_api, virtual_api) as clients:
        yield clients


def host_name(both: Sides, name: str = "web") -> str:
    return both.context.host_name("Token", both.namespace, name)


async def secret(both: Sides, name: str = "web") -> Object | None:
    try:
        return await both.host.get(SECRETS, host_name(both, name), both.host_namespace)
    except NotFound:
        return None


async def tokens(both: Sides, pod: Object) -> dict[str, str]:
    """The tokens that the host's kubelet would put into files, by path."""
    found = await secret(both)
    assert found is not None
    data = found.decode("data", dict[str, str]) or {}
    items = [
        item
        for volume in pod.decode("spec")["volumes"]
        for source in volume.get("projected", {}).get("sources", [])
        if source.get("secret", {}).get("name") == found.name
        for item in source["secret"]["items"]
    ]
    return {item["path"]: base64.b64decode(data[item["key"]]).decode() for item in items}


def claims(token: str) -> Mapping[str, Any]:
    body = token.split(".")[1]
    decoded: Mapping[str, Any] = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return decoded


def changed(both: Sides, before: Object) -> Callable[[], Awaitable[Object | None]]:
    async def look() -> Object | None:
        found = await secret(both)
        return found if found and found.decode("data") != before.decode("data") else None

    return look


async def test_every_token_source_becomes_a_token_of_the_virtual_cluster_bound_to_the_pod(both: Sides) -> None:
    async with reflecting(both):
        virtual = await both.create("web", volumes=[AUTOMATIC, OWN])
        host = await until(lambda: both.host_pod("web"), "the host pod")
        given = await tokens(both, host)
    assert given.keys() == {"token", "vault", "mail"}
    for path, token in given.items():
        said = claims(token)
        assert said["kubernetes.io"]["pod"] == {"name": "web", "uid": virtual.uid}
        assert said["sub"] == f"system:serviceaccount:{both.namespace}:default"
        assert path == "token" or said["aud"] == [path]
    assert (claims(given["vault"])["exp"] - claims(given["vault"])["iat"]) == 600
    assert (claims(given["mail"])["exp"] - claims(given["mail"])["iat"]) == 7200
    review = await both.virtual.create(TOKEN_REVIEWS, {"spec": {"token": given["token"]}})
    status = review.decode("status")
    assert status["authenticated"], status
    assert status["user"]["username"] == f"system:serviceaccount:{both.namespace}:default"
    (automatic, _) = host.decode("spec")["volumes"]
    _, certificates, downward = automatic["projected"]["sources"]
    name = both.context.host_name("ConfigMap", both.namespace, "kube-root-ca.crt")
    assert certificates["configMap"] == {**ROOT_CA, "name": name}
    assert (
        downward["downwardAPI"]["items"][0]["fieldRef"]["fieldPath"]
        == "metadata.annotations['k3k.io/virtual-namespace']"
    )


async def test_tokens_go_with_their_pod(both: Sides) -> None:
    async with reflecting(both):
        await both.create("web", volumes=[OWN])
        await until(lambda: secret(both), "the tokens")
        await both.virtual.delete(PODS, "web", both.namespace, grace_period_seconds=0)
        await until(lambda: _gone(both), "their end")
        await both.create("lost", volumes=[OWN])
        await until(lambda: secret(both, "lost"), "other tokens")
    await both.virtual.delete(PODS, "lost", both.namespace, grace_period_seconds=0)
    async with reflecting(both):
        await until(lambda: _gone(both, "lost"), "the orphan to go")


async def test_a_pod_made_anew_has_tokens_of_its_own(both: Sides) -> None:
    async with reflecting(both):
        await both.create("web", volumes=[OWN])
        await until(lambda: both.host_pod("web"), "the host pod")
        before = await secret(both)
        assert before is not None
        await both.virtual.delete(PODS, "web", both.namespace, grace_period_seconds=0)
        virtual = await both.create("web", volumes=[OWN])
        await until(changed(both, before), "other tokens")

        async def look() -> Object | None:
            host = await both.host_pod("web")
            return host if host and host.metadata.annotations["k3k.io/virtual-uid"] == virtual.uid else None

        given = await tokens(both, await until(look, "the new host pod"))
    assert {claims(token)["kubernetes.io"]["pod"]["uid"] for token in given.values()} == {virtual.uid}


async def test_after_a_restart_only_tokens_that_are_due_are_asked_for(both: Sides) -> None:
    async with reflecting(both):
        host = await _run(both)
        before, given = await secret(both), await tokens(both, host)
    async with reflecting(both):
        await both.create("mark", volumes=[OWN])
        await until(lambda: both.host_pod("mark"), "the mark")  # once it is through, so are those before it
        untouched = await secret(both)
    assert before is not None
    assert untouched is not None
    assert untouched.resource_version == before.resource_version
    async with reflecting(both, HastyClock(ahead=500.0)):
        await until(changed(both, before), "a renewal")
        renewed = await tokens(both, host)
    assert renewed["vault"] != given["vault"]
    assert renewed["mail"] == given["mail"]


async def test_a_token_is_renewed_before_it_ends(both: Sides) -> None:
    async with reflecting(both, HastyClock()):
        host = await _run(both)
        before = await secret(both)
        assert before is not None
        given = await tokens(both, host)
        await until(changed(both, before), "a renewal")
        renewed = await tokens(both, host)
    assert renewed["vault"] != given["vault"]
    assert renewed["mail"] == given["mail"]


async def test_without_its_service_account_a_pod_waits_and_says_so_until_that_is_back(both: Sides) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    await both.virtual.create(SERVICE_ACCOUNTS, account, both.namespace)
    await both.create("web", volumes=[OWN], serviceAccountName="robot")
    await both.virtual.delete(SERVICE_ACCOUNTS, "robot", both.namespace)
    async with reflecting(both):
        await until(lambda: _told(both, "TokenRefused: "), "the event")
        assert await both.host_pod("web") is None
        await both.virtual.create(SERVICE_ACCOUNTS, account, both.namespace)
        await until(lambda: both.host_pod("web"), "the host pod", seconds=90)


async def test_a_foreign_secret_under_our_name_is_left_alone_and_the_tenant_told(both: Sides) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": host_name(both)}, "data": {"mine": "eA=="}}
    before = await both.host.create(SECRETS, body, both.host_namespace)
    async with reflecting(both):
        await both.create("web", volumes=[OWN])
        await until(lambda: _told(both, "ForeignObject: spec.volumes: "), "the event")
    after = await secret(both)
    assert after is not None
    assert after.resource_version == before.resource_version
    assert await both.host_pod("web") is None


async def _run(both: Sides) -> Object:
    await both.create("web", volumes=[OWN])
    return await until(lambda: both.host_pod("web"), "the host pod")


async def _gone(both: Sides, name: str = "web") -> bool | None:
    return True if await secret(both, name) is None else None


async def _told(both: Sides, beginning: str) -> str | None:
    return next((text for text in await both.events("web") if text.startswith(beginning)), None)
