"""What goes with a Cluster, and what stays: all that its provider left on the host, and nothing of anybody else's."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kube.objects import Object
from kube.resources import (
    CONFIG_MAPS,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PRIORITY_CLASSES,
    SECRETS,
    SERVICES,
    Resource,
)
from reflectors.translation.metadata import CLUSTER_LABEL, HOST_NAMESPACE
from tests.cluster_fixtures import Api, NewApiServer
from tests.eventually import eventually_true
from tests.integration.vk_provider.controlling import Author, author
from tests.leaks import nothing_left
from vk_provider.controller.names import COMPONENT, CONTROL_PLANE, PROVIDER
from vk_provider.controller.resources import CLUSTERS

CONTAINER = {"name": "main", "image": "busybox"}
SPECS: dict[Resource, dict[str, Any]] = {
    PODS: {"spec": {"containers": [CONTAINER]}},
    SERVICES: {"spec": {"ports": [{"port": 80}]}},
    SECRETS: {"stringData": {"a": "b"}},
    CONFIG_MAPS: {"data": {"a": "b"}},
    PERSISTENT_VOLUME_CLAIMS: {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
}


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    async with nothing_left():
        yield


async def reflect(somebody: Author, namespace: str, cluster: str) -> None:
    """Put there what a provider of that Cluster might have."""
    for resource, content in SPECS.items():
        metadata = {"name": f"reflected-of-{cluster}", "labels": {CLUSTER_LABEL: cluster}}
        await somebody.client.create(resource, {"metadata": metadata, **content}, namespace)


async def reflected(somebody: Author, namespace: str, cluster: str) -> list[Object]:
    """What is there of it and not on its way out."""
    found = [
        await somebody.client.list(resource, namespace, label_selector=f"{CLUSTER_LABEL}={cluster}")
        for resource in SPECS
    ]
    objects = [obj for listing in found for obj in listing.objects]
    return [obj for obj in objects if obj.name == f"reflected-of-{cluster}" and not obj.metadata.deletion_timestamp]


async def delete(somebody: Author, name: str) -> None:
    await somebody.client.delete(CLUSTERS, name, somebody.namespace)

    async def is_gone() -> bool:
        return await somebody.cluster(name) is None

    await eventually_true(is_gone, "the Cluster to go")


async def started(somebody: Author, name: str) -> None:
    async def is_seen() -> bool:
        return (await somebody.condition("Accepted", name)).get("status") == "True"

    await eventually_true(is_seen, "the Cluster to be accepted")


async def test_everything_reflected_goes_and_nothing_of_others(host_api: Api) -> None:
    async with author(host_api) as somebody:
        elsewhere = host_api.server.create_namespace("elsewhere")
        async with somebody.controlled():
            await somebody.create("demo")
            await started(somebody, "demo")
            await reflect(somebody, somebody.namespace, "demo")
            await reflect(somebody, somebody.namespace, "other")
            await reflect(somebody, elsewhere, "demo")
            await delete(somebody, "demo")
        assert await reflected(somebody, somebody.namespace, "demo") == []
        assert len(await reflected(somebody, somebody.namespace, "other")) == len(SPECS)
        assert len(await reflected(somebody, elsewhere, "demo")) == len(SPECS)
        host_api.server.delete_namespace(elsewhere)


async def test_the_provider_ends_before_what_it_made_is_taken_away(host_api: Api) -> None:
    async with author(host_api) as somebody, somebody.controlled():
        await somebody.create("demo")
        await started(somebody, "demo")
        labels = {CONTROL_PLANE: "demo", COMPONENT: PROVIDER}
        body = {"metadata": {"name": "provider", "labels": labels}, "spec": {"containers": [CONTAINER]}}
        await somebody.client.create(PODS, body, somebody.namespace)
        await reflect(somebody, somebody.namespace, "demo")
        await somebody.client.delete(CLUSTERS, "demo", somebody.namespace)

        async def has_no_rights() -> bool:
            return ("RoleBinding", "k3k-demo-provider") not in await somebody.made()

        await eventually_true(has_no_rights, "the provider to lose its rights")
        assert await somebody.phase() == "Terminating"
        assert len(await reflected(somebody, somebody.namespace, "demo")) == len(SPECS)
        await somebody.client.delete(PODS, "provider", somebody.namespace, grace_period_seconds=0)

        async def is_gone() -> bool:
            return await somebody.cluster() is None

        await eventually_true(is_gone, "the Cluster to go")
        assert await reflected(somebody, somebody.namespace, "demo") == []


async def test_priority_classes_go_with_their_own_cluster_alone(new_api_server: NewApiServer) -> None:
    server = new_api_server()
    api = Api(server, server.create_namespace("team"))
    async with author(api) as somebody:
        for name, namespace in (("mine", somebody.namespace), ("theirs", "another-team")):
            metadata = {
                "name": name,
                "labels": {CLUSTER_LABEL: "demo"},
                "annotations": {HOST_NAMESPACE: namespace},
            }
            await somebody.client.create(PRIORITY_CLASSES, {"metadata": metadata, "value": 1})
        async with somebody.controlled("--namespaces="):
            await somebody.create("demo")
            await started(somebody, "demo")
            await delete(somebody, "demo")
        left = {obj.name for obj in (await somebody.client.list(PRIORITY_CLASSES)).objects}
        assert (left & {"mine", "theirs"}) == {"theirs"}
        assert await somebody.client.get(NAMESPACES, somebody.namespace)
    server.remove()
