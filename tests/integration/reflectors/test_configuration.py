"""What pods refer to, between two real API servers: ConfigMaps and Secrets, copied as long as a pod asks for them."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from kube.client import PatchType
from kube.errors import AlreadyExists, NotFound
from kube.objects import Object
from kube.resources import CONFIG_MAPS, NAMESPACES, PODS, RESOURCE_QUOTAS, SECRETS, Resource
from reflectors.translation.context import Context
from tests.cluster_fixtures import Api
from tests.integration.reflectors.sides import Sides, reflecting, sides, until
from tests.leaks import nothing_left

SETTINGS: dict[str, Any] = {
    "containers": [{"name": "main", "image": "busybox", "envFrom": [{"configMapRef": {"name": "settings"}}]}]
}
KEYS = {"volumes": [{"name": "keys", "secret": {"secretName": "keys"}}]}
Look = Callable[[], Awaitable[Object | None]]


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with nothing_left(), sides(host_api, virtual_api) as clients:
        yield clients


async def make(both: Sides, resource: Resource, name: str, **fields: Any) -> Object:
    body = {"apiVersion": "v1", "kind": resource.kind, "metadata": {"name": name}, **fields}
    return await both.virtual.create(resource, body, both.namespace)


async def change(both: Sides, resource: Resource, name: str, **fields: Any) -> None:
    await both.virtual.patch(resource, name, fields, both.namespace, patch_type=PatchType.MERGE)


async def copy_of(both: Sides, resource: Resource, name: str) -> Object | None:
    host_name = both.context.host_name(resource.kind, both.namespace, name)
    try:
        return await both.host.get(resource, host_name, both.host_namespace)
    except NotFound:
        return None


def copy(both: Sides, resource: Resource, name: str, **fields: Any) -> Look:
    """Looks for the host copy that has these fields."""

    async def look() -> Object | None:
        found = await copy_of(both, resource, name)
        return found if found and all(found.decode(field) == value for field, value in fields.items()) else None

    return look


def no_copy(both: Sides, resource: Resource, name: str) -> Callable[[], Awaitable[bool | None]]:
    async def look() -> bool | None:
        return True if await copy_of(both, resource, name) is None else None

    return look


async def test_what_a_pod_refers_to_is_copied_before_the_pod_and_goes_with_it(both: Sides) -> None:
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"}, binaryData={"raw": "AP8="})
    await make(both, CONFIG_MAPS, "unused", data={"color": "red"})
    await make(both, SECRETS, "keys", data={"key": encoded("s3cret")})
    async with reflecting(both):
        await both.create("web", **SETTINGS, **KEYS)
        pod = await until(lambda: both.host_pod("web"), "the host pod")
        settings, keys = await copy_of(both, CONFIG_MAPS, "settings"), await copy_of(both, SECRETS, "keys")
        assert settings is not None
        assert keys is not None
        assert (settings.decode("data"), settings.decode("binaryData")) == ({"color": "blue"}, {"raw": "AP8="})
        assert (keys.decode("data"), keys.decode("type")) == ({"key": encoded("s3cret")}, "Opaque")
        spec = pod.decode("spec")
        assert spec["containers"][0]["envFrom"] == [{"configMapRef": {"name": settings.name}}]
        assert spec["volumes"][0]["secret"]["secretName"] == keys.name
        assert await copy_of(both, CONFIG_MAPS, "unused") is None
        await both.virtual.delete(PODS, "web", both.namespace, grace_period_seconds=0)
        await until(no_copy(both, CONFIG_MAPS, "settings"), "the ConfigMap's copy to go")
        await until(no_copy(both, SECRETS, "keys"), "the Secret's copy to go")


async def test_an_update_reaches_the_copy_and_a_deletion_takes_it_away_under_a_living_pod(both: Sides) -> None:
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue", "size": "1"})
    async with reflecting(both):
        await both.create("web", **SETTINGS)
        await until(copy(both, CONFIG_MAPS, "settings"), "the copy")
        await change(both, CONFIG_MAPS, "settings", data={"color": "green", "size": None})
        await until(copy(both, CONFIG_MAPS, "settings", data={"color": "green"}), "the change")
        await both.virtual.delete(CONFIG_MAPS, "settings", both.namespace)
        await until(no_copy(both, CONFIG_MAPS, "settings"), "the copy to go")
        await make(both, CONFIG_MAPS, "settings", data={"color": "new"})
        await until(copy(both, CONFIG_MAPS, "settings", data={"color": "new"}), "another copy")
    assert await both.host_pod("web") is not None


async def test_a_pod_that_refers_to_what_is_not_there_is_created_and_has_it_when_it_appears(both: Sides) -> None:
    optional = [{"secretRef": {"name": "keys", "optional": True}}, {"configMapRef": {"name": "settings"}}]
    async with reflecting(both):
        await both.create("web", containers=[{"name": "main", "image": "busybox", "envFrom": optional}])
        await until(lambda: both.host_pod("web"), "the host pod")
        await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
        await make(both, SECRETS, "keys", data={"key": encoded("s3cret")})
        await until(copy(both, CONFIG_MAPS, "settings", data={"color": "blue"}), "the ConfigMap's copy")
        await until(copy(both, SECRETS, "keys", data={"key": encoded("s3cret")}), "the Secret's copy")


async def test_what_is_immutable_is_so_on_the_host_and_is_replaced_when_it_is_made_anew(both: Sides) -> None:
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
    async with reflecting(both):
        await both.create("web", **SETTINGS)
        before = await until(copy(both, CONFIG_MAPS, "settings"), "the copy")
        await change(both, CONFIG_MAPS, "settings", data={"color": "green"}, immutable=True)
        await until(copy(both, CONFIG_MAPS, "settings", data={"color": "green"}, immutable=True), "the change")
        await both.virtual.delete(CONFIG_MAPS, "settings", both.namespace)
        await make(both, CONFIG_MAPS, "settings", data={"color": "red"}, immutable=True)
        after = await until(copy(both, CONFIG_MAPS, "settings", data={"color": "red"}), "another copy")
    assert after.uid != before.uid


async def test_an_immutable_copy_that_somebody_else_made_anew_with_other_content_is_replaced(both: Sides) -> None:
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"}, immutable=True)
    async with reflecting(both):
        await both.create("web", **SETTINGS)
        made = (await until(copy(both, CONFIG_MAPS, "settings"), "the copy")).to_dict()
        await both.host.delete(CONFIG_MAPS, made["metadata"]["name"], both.host_namespace)
        forged = {**made, "data": {"color": "forged"}}
        for field in ("uid", "resourceVersion"):
            del forged["metadata"][field]
        await create_over(both, forged)
        await until(copy(both, CONFIG_MAPS, "settings", data={"color": "blue"}), "the true content")


@pytest.mark.parametrize(
    ("secret_type", "data", "on_host"),
    [
        pytest.param("kubernetes.io/tls", {"tls.crt": "eA==", "tls.key": "eA=="}, "kubernetes.io/tls", id="TLS"),
        pytest.param(
            "kubernetes.io/dockerconfigjson",
            {".dockerconfigjson": "e30="},
            "kubernetes.io/dockerconfigjson",
            id="to pull images with",
        ),
        pytest.param("example.com/own", {"a": "eA=="}, "example.com/own", id="of the tenant's own"),
        pytest.param("kubernetes.io/service-account-token", {}, "Opaque", id="a token of the virtual cluster"),
    ],
)
async def test_a_secret_keeps_its_type_unless_the_host_would_act_on_it(
    both: Sides, secret_type: str, data: dict[str, str], on_host: str
) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys", "annotations": {"kubernetes.io/service-account.name": "default"}},
        "type": secret_type,
        "data": data,
    }
    await both.virtual.create(SECRETS, body, both.namespace)
    async with reflecting(both):
        await both.create("web", imagePullSecrets=[{"name": "keys"}])
        made = await until(copy(both, SECRETS, "keys"), "the copy")
        assert made.decode("type") == on_host
        if on_host != secret_type:
            filled = await until(lambda: _with_token(both), "the token in the copy")
            assert set(filled.decode("data")) >= {"token", "ca.crt", "namespace"}


async def test_a_big_object_with_many_keys_is_copied_whole(both: Sides) -> None:
    data = {f"key-{number:04}": "x" * 500 for number in range(2000)}
    await make(both, CONFIG_MAPS, "settings", data=data)
    async with reflecting(both):
        await both.create("web", **SETTINGS)
        made = await until(copy(both, CONFIG_MAPS, "settings"), "the copy")
    assert made.decode("data") == data


async def test_the_root_certificates_are_those_of_the_virtual_cluster(both: Sides) -> None:
    source = {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    async with reflecting(both):
        await both.create("web", volumes=[{"name": "ca", "projected": {"sources": [source]}}])
        made = await until(copy(both, CONFIG_MAPS, "kube-root-ca.crt"), "the copy")
    virtual = await both.virtual.get(CONFIG_MAPS, "kube-root-ca.crt", both.namespace)
    assert made.decode("data") == virtual.decode("data")
    assert made.name != "kube-root-ca.crt"


async def test_a_foreign_object_under_our_name_is_left_alone_and_its_owner_told(both: Sides) -> None:
    name = both.context.host_name("ConfigMap", both.namespace, "settings")
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"whose": "not ours"}}
    before = await both.host.create(CONFIG_MAPS, foreign, both.host_namespace)
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
    async with reflecting(both):
        await both.create("web", **SETTINGS)
        await until(lambda: _told(both, "settings", "ForeignObject: "), "the event on the ConfigMap")
        await until(lambda: _told(both, "web", "Waiting: "), "the event on the pod that waits for it")
    after = await both.host.get(CONFIG_MAPS, name, both.host_namespace)
    assert after.resource_version == before.resource_version
    assert await both.host_pod("web") is None


async def test_a_quota_of_the_host_is_told_on_the_object_and_on_the_pod_that_waits_for_it(both: Sides) -> None:
    hard = {"hard": {"count/configmaps": "0"}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": hard}
    await both.host.create(RESOURCE_QUOTAS, quota, both.host_namespace)
    used = {"status": {**hard, "used": {"count/configmaps": "0"}}}
    merge = PatchType.MERGE
    await both.host.patch(RESOURCE_QUOTAS, "none", used, both.host_namespace, patch_type=merge, subresource="status")
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
    async with reflecting(both):
        await both.create("web", **SETTINGS)
        await until(lambda: _told(both, "settings", "HostRefused: "), "the event on the ConfigMap")
        await until(lambda: _told(both, "web", "Waiting: spec.containers[0].envFrom[0]"), "the event on the pod")
        await both.host.delete(RESOURCE_QUOTAS, "none", both.host_namespace)
        await until(lambda: both.host_pod("web"), "the host pod", seconds=90)


async def test_what_the_sync_configuration_selects_is_copied_and_nothing_else_but_the_way_to_the_api_server(
    both: Sides,
) -> None:
    config = {"metadata": {"name": "sync"}, "data": {"sync.yaml": "configMaps: {selector: {tier: web}}"}}
    await both.host.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", **config}, both.host_namespace)
    tier = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tier", "labels": {"tier": "web"}}}
    await both.virtual.create(CONFIG_MAPS, tier, both.namespace)
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
    root = {"name": "ca", "configMap": {"name": "kube-root-ca.crt"}}
    async with reflecting(both):
        await both.create("web", **SETTINGS, volumes=[root])
        await until(lambda: both.host_pod("web"), "the host pod, which does not wait for what it is not to have")
        await until(lambda: _told(both, "web", "NotHonoured: spec.containers[0].envFrom[0]"), "the event on the pod")
        await until(copy(both, CONFIG_MAPS, "tier"), "the selected one")
        assert await copy_of(both, CONFIG_MAPS, "kube-root-ca.crt") is not None
        assert await copy_of(both, CONFIG_MAPS, "settings") is None
        await both.host.delete(CONFIG_MAPS, "sync", both.host_namespace)
        await until(copy(both, CONFIG_MAPS, "settings"), "what the pod refers to")
        await until(no_copy(both, CONFIG_MAPS, "tier"), "what nobody refers to goes")


async def test_nothing_is_put_on_the_tenants_objects_and_the_namespace_can_go_without_us(both: Sides) -> None:
    made = await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
    async with reflecting(both):
        await both.create("web", **SETTINGS)
        await until(lambda: both.host_pod("web"), "the host pod")
    after = await both.virtual.get(CONFIG_MAPS, "settings", both.namespace)
    assert after.resource_version == made.resource_version
    await both.virtual.delete(PODS, "web", both.namespace, grace_period_seconds=0)
    await both.virtual.delete(CONFIG_MAPS, "settings", both.namespace)
    async with reflecting(both):
        await until(no_copy(both, CONFIG_MAPS, "settings"), "the orphan to go")


async def test_a_second_look_writes_nothing(both: Sides) -> None:
    await make(both, CONFIG_MAPS, "settings", data={"color": "blue"})
    await make(both, SECRETS, "keys", data={"key": encoded("s3cret")})
    async with reflecting(both):
        await both.create("web", **SETTINGS, **KEYS)
        await until(lambda: both.host_pod("web"), "the host pod")
    before = await versions(both)
    async with reflecting(both):
        await make(both, CONFIG_MAPS, "mark", data={})
        await both.create("mark", volumes=[{"name": "mark", "configMap": {"name": "mark"}}])
        await until(lambda: both.host_pod("mark"), "the mark")  # once this one is through, so are the others
    after = await versions(both)
    assert {name: after.get(name) for name in before} == before


async def test_same_names_in_two_namespaces_and_two_clusters_never_meet(
    both: Sides, host_api: Api, virtual_api: Api
) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{both.namespace}-b"}}
    await both.virtual.create(NAMESPACES, body)
    async with sides(host_api, virtual_api, cluster="other") as clients:
        neighbour = Sides(both.host, both.virtual, both.host_namespace, f"{both.namespace}-b", both.context)
        stranger = Sides(clients.host, clients.virtual, clients.host_namespace, both.namespace, clients.context)
        await make(both, CONFIG_MAPS, "settings", data={"of": "both"})
        await make(neighbour, CONFIG_MAPS, "settings", data={"of": "neighbour"})
        async with reflecting(both), reflecting(neighbour):
            await both.create("web", **SETTINGS)
            await neighbour.create("web", **SETTINGS)
            await until(copy(both, CONFIG_MAPS, "settings", data={"of": "both"}), "one copy")
            await until(copy(neighbour, CONFIG_MAPS, "settings", data={"of": "neighbour"}), "the other copy")
            async with reflecting(stranger):  # its cluster has the same objects: the virtual API server is shared
                await until(copy(stranger, CONFIG_MAPS, "settings", data={"of": "both"}), "the stranger's copy")
        names = {context_name(each.context, each.namespace) for each in (both, neighbour, stranger)}
    assert len(names) == 3
    await both.virtual.delete(NAMESPACES, f"{both.namespace}-b")


def context_name(context: Context, namespace: str) -> str:
    return context.host_name("ConfigMap", namespace, "settings")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def create_over(both: Sides, body: dict[str, Any]) -> None:
    """Create it, or if the reflector was quicker, take that away first."""
    try:
        await both.host.create(CONFIG_MAPS, body, both.host_namespace)
    except AlreadyExists:
        await both.host.delete(CONFIG_MAPS, body["metadata"]["name"], both.host_namespace)
        await create_over(both, body)


async def versions(both: Sides) -> dict[str, str]:
    copies = [(await both.host.list(each, both.host_namespace)).objects for each in (CONFIG_MAPS, SECRETS, PODS)]
    return {f"{obj.kind} {obj.name}": obj.resource_version for objects in copies for obj in objects}


async def _with_token(both: Sides) -> Object | None:
    found = await copy_of(both, SECRETS, "keys")
    return found if found and "token" in (found.decode("data") or {}) else None


async def _told(both: Sides, name: str, beginning: str) -> str | None:
    return next((text for text in await both.events(name) if text.startswith(beginning)), None)
