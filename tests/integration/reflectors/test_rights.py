"""With which rights claims, policies, Ingresses and classes are reflected, and what is off without them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kube.client import PatchType
from kube.objects import Object
from kube.resources import (
    CONFIG_MAPS,
    EVENTS,
    INGRESSES,
    NETWORK_POLICIES,
    PERSISTENT_VOLUME_CLAIMS,
    PRIORITY_CLASSES,
    Resource,
)
from reflectors.sync_settings import KEY
from tests.cluster_fixtures import Api
from tests.integration.node.test_rights import Account, Rules
from tests.integration.reflectors.sides import Sides, sides, until
from tests.integration.reflectors.test_claims import bind_on_host, claim_body, host_claim, in_phase
from tests.integration.reflectors.test_surroundings import SYNC, look, reflecting

READ, KEEP = ["get", "list", "watch"], ["get", "list", "watch", "create", "patch", "delete"]


def rule(group: str, verbs: list[str], *resources: str) -> Rules:
    return [{"apiGroups": [group], "resources": list(resources), "verbs": verbs}]


# As the documentation has them.
IN_HOST_NAMESPACE = [
    *rule("", KEEP, "persistentvolumeclaims", "configmaps"),
    *rule("", ["list", "watch"], "events"),
    *rule("networking.k8s.io", KEEP, "networkpolicies", "ingresses"),
]
IN_VIRTUAL_CLUSTER = [
    *rule("", READ, "pods", "namespaces"),
    *rule("", [*READ, "create", "patch"], "events"),
    *rule("", [*READ, "patch"], "persistentvolumeclaims", "persistentvolumeclaims/status"),
    *rule("", KEEP, "persistentvolumes"),
    *rule("networking.k8s.io", READ, "networkpolicies"),
    *rule("networking.k8s.io", [*READ, "patch"], "ingresses", "ingresses/status"),
    *rule("storage.k8s.io", KEEP, "storageclasses"),
    *rule("scheduling.k8s.io", READ, "priorityclasses"),
]


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with sides(host_api, virtual_api) as opened:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": SYNC}, "data": {KEY: "{}"}}
        await opened.host.create(CONFIG_MAPS, body, opened.host_namespace)
        yield opened


@pytest.fixture
async def provider(both: Sides, host_api: Api, virtual_api: Api, tmp_path: Path) -> AsyncIterator[Sides]:
    """Both sides as a provider sees them that has the rights it is documented to need, and no other."""
    host = Account(both.host, host_api, tmp_path / "host.yaml")
    virtual = Account(both.virtual, virtual_api, tmp_path / "virtual.yaml")
    await host.may(IN_HOST_NAMESPACE, both.host_namespace)
    await virtual.may(IN_VIRTUAL_CLUSTER)
    async with host.connected(), virtual.connected():
        yield replace(both, host=host.client, virtual=virtual.client)


async def test_no_cluster_wide_right_is_needed_on_the_host(both: Sides, provider: Sides) -> None:
    async with reflecting(provider):
        await both.virtual.create(PERSISTENT_VOLUME_CLAIMS, claim_body(both, "data"))
        await until(lambda: host_claim(both, "data"), "the host claim")
        await bind_on_host(both, "data")
        await until(lambda: in_phase(both, "data", "Bound"), "the virtual claim to be bound")
        await both.virtual.create(NETWORK_POLICIES, _body(both, NETWORK_POLICIES, {"podSelector": {}}))
        await until(lambda: _copy(both, NETWORK_POLICIES), "the policy")
        backend = {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
        await both.virtual.create(INGRESSES, _body(both, INGRESSES, backend))
        await _say(both, "ingresses: {enabled: true}")
        await until(lambda: _copy(both, INGRESSES), "the Ingress")
        assert await _events_of_node(both) is None


async def test_a_kind_that_needs_more_is_off_and_says_so_once_it_is_wanted(both: Sides, provider: Sides) -> None:
    async with reflecting(provider) as surroundings:
        await _say(both, "priorityClasses: {enabled: true}")
        told = await until(lambda: _events_of_node(both), "the node to be told")
        assert "PriorityClass objects are not reflected" in told.decode("message")
        assert "system-node-critical" not in surroundings.priority_classes
        body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1}
        name = f"any-{both.namespace}"
        await both.virtual.create(PRIORITY_CLASSES, body | {"metadata": {"name": name}})
        assert name not in surroundings.priority_classes
        await both.virtual.delete(PRIORITY_CLASSES, name)


async def test_the_rest_works_while_a_kind_is_off(both: Sides, provider: Sides) -> None:
    await _say(both, "{storageClasses: {enabled: true}, priorityClasses: {enabled: true}}")
    async with reflecting(provider):
        await both.virtual.create(NETWORK_POLICIES, _body(both, NETWORK_POLICIES, {"podSelector": {}}))
        await until(lambda: _copy(both, NETWORK_POLICIES), "the policy")


def _body(both: Sides, resource: Resource, spec: Mapping[str, object]) -> dict[str, object]:
    metadata = {"name": "any", "namespace": both.namespace}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}


async def _copy(both: Sides, resource: Resource) -> Object | None:
    return await look(
        both.host, resource, both.context.host_name(resource.kind, both.namespace, "any"), both.host_namespace
    )


async def _say(both: Sides, text: str) -> None:
    patch = {"data": {KEY: text}}
    await both.host.patch(CONFIG_MAPS, SYNC, patch, both.host_namespace, patch_type=PatchType.MERGE)


async def _events_of_node(both: Sides) -> Object | None:
    found = await both.virtual.list(EVENTS, "default", field_selector=f"involvedObject.name={both.node}")
    return next(iter(found.objects), None)
