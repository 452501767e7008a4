"""With which rights pods and what they lean on are reflected, and what becomes of pods without some of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kube.resources import CONFIG_MAPS, EVENTS, PODS, SECRETS
from tests.cluster_fixtures import Api
from tests.integration.node.test_rights import Account, Rules
from tests.integration.reflectors.sides import Sides, reflecting, sides, until
from tests.integration.reflectors.test_configuration import KEYS, SETTINGS, copy, encoded, make, no_copy
from tests.integration.reflectors.test_rights import KEEP, READ, rule
from tests.integration.reflectors.test_tokens import OWN, secret

# As the documentation has them.
PODS_ON_HOST = [*rule("", KEEP, "pods"), *rule("", ["patch"], "pods/status")]
CONFIG_ON_HOST = rule("", KEEP, "configmaps")
SECRETS_ON_HOST = rule("", KEEP, "secrets")
IN_VIRTUAL_CLUSTER = [
    *rule("", [*READ, "delete"], "pods"),
    *rule("", ["patch"], "pods/status"),
    *rule("", READ, "configmaps", "secrets"),
    *rule("", ["create", "patch"], "events"),
    *rule("", ["create"], "serviceaccounts/token"),
]


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with sides(host_api, virtual_api) as clients:
        yield clients


@pytest.fixture
async def accounts(
    both: Sides, host_api: Api, virtual_api: Api, tmp_path: Path
) -> AsyncIterator[tuple[Account, Sides]]:
    """The provider's account on the host, which may nothing there yet, and both sides as the provider sees them."""
    host = Account(both.host, host_api, tmp_path / "host.yaml")
    virtual = Account(both.virtual, virtual_api, tmp_path / "virtual.yaml")
    await virtual.may(IN_VIRTUAL_CLUSTER)
    async with host.connected(), virtual.connected():
        yield host, replace(both, host=host.client, virtual=virtual.client)


async def grant(account: Account, both: Sides, rules: Rules) -> None:
    await account.may(rules, both.host_namespace)


async def test_no_cluster_wide_right_is_needed_on_the_host(both: Sides, accounts: tuple[Account, Sides]) -> None:
    account, provider = accounts
    await grant(account, both, [*PODS_ON_HOST, *CONFIG_ON_HOST, *SECRETS_ON_HOST])
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
    await make(both, SECRETS, "keys", data={"key": encoded("s3cret")})
    async with reflecting(provider):
        await both.create("web", **SETTINGS, volumes=[*KEYS["volumes"], OWN])
        await until(lambda: both.host_pod("web"), "the host pod")
        assert await secret(both) is not None
        assert await copy(both, SECRETS, "keys")() is not None
        await both.virtual.delete(PODS, "web", both.namespace, grace_period_seconds=0)
        await until(no_copy(both, CONFIG_MAPS, "settings"), "the ConfigMap's copy to go")


async def test_a_host_that_gives_no_secrets_is_told_of_and_pods_run_without_them(
    both: Sides, accounts: tuple[Account, Sides]
) -> None:
    account, provider = accounts
    await grant(account, both, [*PODS_ON_HOST, *CONFIG_ON_HOST])
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
    await make(both, SECRETS, "keys", data={"key": encoded("s3cret")})
    async with reflecting(provider):
        await both.create("web", **SETTINGS, **KEYS)
        await until(lambda: both.host_pod("web"), "the host pod")
        await until(lambda: _told_on_node(both), "the event on the node")
        await both.create("trusting", volumes=[OWN])
        await until(lambda: _told(both, "trusting"), "the event on the pod that wants tokens")
        assert await copy(both, CONFIG_MAPS, "settings")() is not None
    assert await both.host_pod("trusting") is None


async def _told_on_node(both: Sides) -> str | None:
    found = await both.virtual.list(EVENTS, "default", field_selector=f"involvedObject.name={both.node}")
    messages = [event.decode("message", str) or "" for event in found.objects]
    return next((message for message in messages if message.startswith("Secret objects are not reflected: ")), None)


async def _told(both: Sides, name: str) -> str | None:
    return next(
        (text for text in await both.events(name) if "service account tokens are not on the host" in text), None
    )
