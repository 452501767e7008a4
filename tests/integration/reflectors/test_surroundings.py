"""Policies, Ingresses and classes between real API servers, switched on and off by the configuration."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from kube.client import Client, PatchType
from kube.clock import SystemClock
from kube.errors import NotFound
from kube.event_recorder import EventRecorder
from kube.informer import Informer
from kube.objects import Key, Object
from kube.resources import (
    CONFIG_MAPS,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    PRIORITY_CLASSES,
    STORAGE_CLASSES,
    Resource,
)
from reflectors.demand import Demand
from reflectors.sides import Sides as ReflectorSides
from reflectors.surroundings import Surroundings
from reflectors.sync_settings import KEY, SyncSettings
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.integration.reflectors.sides import Sides, new_tools, sides, until
from vk_provider.provider.directory import NamespaceLabels

SYNC = "sync"


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with sides(host_api, virtual_api) as opened:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": SYNC}}
        await opened.host.create(CONFIG_MAPS, body, opened.host_namespace)
        yield opened


@asynccontextmanager
async def reflecting(both: Sides, demand: Demand | None = None) -> AsyncIterator[Surroundings]:
    clock = SystemClock()
    recorder = EventRecorder(both.virtual, "test", clock)
    told = ReflectorSides(both.host, both.virtual, recorder, both.node)
    namespaces = Informer(both.virtual, NAMESPACES)
    context = replace(both.context, namespaces=NamespaceLabels(namespaces))
    tools = new_tools(told, context, clock)
    sync = SyncSettings(told, both.host_namespace, SYNC, clock=clock, metrics=tools.metrics)
    surroundings = Surroundings(tools, sync, namespaces)
    surroundings.ask(demand or Demand())
    tasks = [asyncio.create_task(part.run()) for part in (recorder, namespaces, sync)]
    try:
        await namespaces.wait_synced()
        tasks.append(asyncio.create_task(surroundings.run()))
        await surroundings.wait_known()
        yield surroundings
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def say(both: Sides, text: str) -> None:
    patch = {"data": {KEY: text}}
    await both.host.patch(CONFIG_MAPS, SYNC, patch, both.host_namespace, patch_type=PatchType.MERGE)


async def look(client: Client, resource: Resource, name: str, namespace: str | None = None) -> Object | None:
    try:
        return await client.get(resource, name, namespace)
    except NotFound:
        return None


async def gone(client: Client, resource: Resource, name: str, namespace: str | None = None) -> bool | None:
    return True if await look(client, resource, name, namespace) is None else None


async def test_a_policy_lets_in_the_namespaces_that_have_the_label_now(both: Sides) -> None:
    label = f"in-{both.namespace}"
    peer = {"namespaceSelector": {"matchLabels": {label: "yes"}}}
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "guard", "namespace": both.namespace},
        "spec": {"podSelector": {}, "ingress": [{"from": [peer]}]},
    }
    name = both.context.host_name("NetworkPolicy", both.namespace, "guard")

    async def host_policy() -> Object | None:
        return await look(both.host, NETWORK_POLICIES, name, both.host_namespace)

    async def lets_in() -> Object | None:
        policy = await host_policy()
        return policy if policy is not None and policy.decode("spec").get("ingress") else None

    async def lets_nobody_in() -> Object | None:
        policy = await host_policy()
        return policy if policy is not None and not policy.decode("spec").get("ingress") else None

    async with reflecting(both):
        await both.virtual.create(NETWORK_POLICIES, body)
        policy = await until(lets_nobody_in, "the policy, which lets nobody in")
        assert policy.decode("spec")["policyTypes"] == ["Ingress"]
        await _label_namespace(both, label, "yes")
        policy = await until(lets_in, "the namespace to be let in")
        expressions = policy.decode("spec")["ingress"][0]["from"][0]["podSelector"]["matchExpressions"]
        assert expressions[1]["values"] == [both.namespace]
        await _label_namespace(both, label, None)
        await until(lets_nobody_in, "the namespace to be shut out")
        await both.virtual.delete(NETWORK_POLICIES, "guard", both.namespace)
        await until(lambda: gone(both.host, NETWORK_POLICIES, name, both.host_namespace), "the policy to go")


async def test_which_pods_a_policy_confines_is_told_as_policies_come_and_go(both: Sides) -> None:
    web = {"matchLabels": {"app": "web"}}
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "namespace": both.namespace},
        "spec": {"podSelector": web, "policyTypes": ["Egress"]},
    }
    async with reflecting(both) as surroundings:
        told: list[str] = []
        surroundings.confinement.add_handler(told.append)
        await both.virtual.create(NETWORK_POLICIES, body)
        await eventually(lambda: surroundings.confinement(both.namespace, {"app": "web"}), "pods to be confined")
        assert not surroundings.confinement(both.namespace, {"app": "db"})
        assert not surroundings.confinement("elsewhere", {"app": "web"})
        await both.virtual.delete(NETWORK_POLICIES, "closed", both.namespace)
        await eventually(lambda: not surroundings.confinement(both.namespace, {"app": "web"}), "pods to be free")
        assert told == [both.namespace] * 2


async def test_an_ingress_is_served_where_the_host_says_while_ingresses_are_on(both: Sides) -> None:
    demand = Demand()
    name = both.context.host_name("Ingress", both.namespace, "front")
    secret = Key(both.namespace, "certificate")
    spec = {
        "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
        "tls": [{"hosts": ["shop.example.com"], "secretName": "certificate"}],
    }
    metadata = {"name": "front", "namespace": both.namespace}
    async with reflecting(both, demand):
        body = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}
        await both.virtual.create(INGRESSES, body)
        await say(both, "ingresses: {enabled: true}")
        host = await until(lambda: look(both.host, INGRESSES, name, both.host_namespace), "the Ingress")
        service = both.context.host_name("Service", both.namespace, "web")
        assert host.decode("spec")["defaultBackend"]["service"]["name"] == service
        assert demand.is_asked("Secret", secret)
        served = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
        await both.host.patch(
            INGRESSES, name, {"status": served}, both.host_namespace, patch_type=PatchType.MERGE, subresource="status"
        )

        async def told() -> Object | None:
            virtual = await both.virtual.get(INGRESSES, "front", both.namespace)
            return virtual if virtual.decode("status") == served else None

        await until(told, "the address to be told")
        await say(both, "ingresses: {enabled: true, disableTLSSecretTranslation: true}")

        async def keeps_secret() -> bool | None:
            host = await both.host.get(INGRESSES, name, both.host_namespace)
            return True if host.decode("spec")["tls"][0]["secretName"] == "certificate" else None

        await until(keeps_secret, "the host's own certificate to be named")
        await eventually(lambda: not demand.is_asked("Secret", secret), "the Secret to be asked for no more")
        await say(both, "ingresses: {enabled: false}")
        await until(lambda: gone(both.host, INGRESSES, name, both.host_namespace), "the Ingress to go")


async def test_the_hosts_storage_classes_are_offered_while_they_are_on(both: Sides) -> None:
    offered, withheld, mine = (f"{name}-{both.namespace}" for name in ("offered", "withheld", "mine"))
    for name, labels in ((offered, {}), (withheld, {"k3k.io/sync-enabled": "false"}), (mine, {})):
        await both.host.create(STORAGE_CLASSES, _storage_class(name, {"for": both.namespace, **labels}))
    own = await both.virtual.create(STORAGE_CLASSES, _storage_class(mine, {}))
    async with reflecting(both):
        await say(both, f"storageClasses: {{enabled: true, selector: {{for: {both.namespace}}}}}")
        copy = await until(lambda: look(both.virtual, STORAGE_CLASSES, offered), "the copy")
        assert copy.metadata.labels["k3k.io/sync-source"] == "host"
        assert copy.decode("provisioner") == "k3k.io/host"
        await until(lambda: _events_of(both, mine), "the tenant to be told that the name is taken")
        assert await look(both.virtual, STORAGE_CLASSES, withheld) is None
        patch = {"metadata": {"labels": {"k3k.io/sync-enabled": "false"}}}
        await both.host.patch(STORAGE_CLASSES, offered, patch, patch_type=PatchType.MERGE)
        await until(lambda: gone(both.virtual, STORAGE_CLASSES, offered), "the copy to go")
        patch = {"metadata": {"labels": {"k3k.io/sync-enabled": "true"}}}
        await both.host.patch(STORAGE_CLASSES, offered, patch, patch_type=PatchType.MERGE)
        await until(lambda: look(both.virtual, STORAGE_CLASSES, offered), "the copy to come back")
        await say(both, "storageClasses: {enabled: false}")
        await until(lambda: gone(both.virtual, STORAGE_CLASSES, offered), "the copy to go")
        assert await look(both.virtual, STORAGE_CLASSES, mine) == own
    await both.virtual.delete(STORAGE_CLASSES, mine)
    for name in (offered, withheld, mine):
        await both.host.delete(STORAGE_CLASSES, name)


async def test_priority_classes_are_on_the_host_while_they_are_on(both: Sides) -> None:
    name = f"gold-{both.namespace}"
    host_name = both.context.host_name("PriorityClass", "", name)
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 7}
    await both.virtual.create(PRIORITY_CLASSES, body)
    async with reflecting(both) as surroundings:
        assert name not in surroundings.priority_classes
        await say(both, "priorityClasses: {enabled: true}")
        host = await until(lambda: look(both.host, PRIORITY_CLASSES, host_name), "the host's class")
        assert host.decode("value") == 7
        assert name in surroundings.priority_classes
        assert "system-node-critical" not in surroundings.priority_classes
        await both.host.delete(PRIORITY_CLASSES, host_name)
        await until(lambda: _another(both, host_name, host), "it to be made again")
    await both.virtual.delete(PRIORITY_CLASSES, name)
    async with reflecting(both):
        await until(lambda: gone(both.host, PRIORITY_CLASSES, host_name), "the orphan to go")


async def _another(both: Sides, name: str, than: Object) -> Object | None:
    found = await look(both.host, PRIORITY_CLASSES, name)
    return found if found is not None and found.uid != than.uid else None


async def _label_namespace(both: Sides, label: str, value: str | None) -> None:
    patch = {"metadata": {"labels": {label: value}}}
    await both.virtual.patch(NAMESPACES, both.namespace, patch, patch_type=PatchType.MERGE)


async def _events_of(both: Sides, name: str) -> list[str] | None:
    told = Sides(both.host, both.virtual, both.host_namespace, "default", both.context)
    return await told.events(name) or None


def _storage_class(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "labels": labels},
        "provisioner": "disks.example.com",
    }
