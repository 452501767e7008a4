"""With which rights a provider can do its work, and what it does without those that it may lack."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube.client import Client
from kube.resources import NODES, RESOURCE_QUOTAS, SERVICE_ACCOUNTS, Resource
from node.capacity import write_resources
from node.leases import LEASE_NAMESPACE
from node.registration import unregister
from node.single_node import ASSUMED_ROOM
from tests.cluster_fixtures import Api
from tests.integration.kube.following import connected
from tests.integration.node.world import World
from tests.unit.node.hosts import ROOM

RBAC = "rbac.authorization.k8s.io"
ROLES = Resource(RBAC, "v1", "roles", "Role")
ROLE_BINDINGS = Resource(RBAC, "v1", "rolebindings", "RoleBinding")
CLUSTER_ROLES = Resource(RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDINGS = Resource(RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)

Rules = Sequence[dict[str, Any]]

READ_QUOTAS = [{"apiGroups": [""], "resources": ["resourcequotas"], "verbs": ["list", "watch"]}]
READ_NODES = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]}]
KEEP_NODES = [
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch", "create", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch"]},
]
KEEP_LEASES = [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "patch", "delete"]}]


@pytest.fixture
async def host(clusters: World, host_api: Api, tmp_path: Path) -> AsyncIterator["Account"]:
    """A provider that may read the quotas of its host namespace, and nothing else."""
    account = Account(clusters.host, host_api, tmp_path / "host.yaml")
    await account.may(READ_QUOTAS, host_api.namespace)
    async with account.connected():
        yield account


@pytest.fixture
async def virtual(clusters: World, virtual_api: Api, tmp_path: Path) -> AsyncIterator["Account"]:
    """A provider that may do in the virtual cluster what takes to keep a node."""
    account = Account(clusters.virtual, virtual_api, tmp_path / "virtual.yaml")
    await account.may(KEEP_NODES)
    await account.may(KEEP_LEASES, LEASE_NAMESPACE)
    async with account.connected():
        yield account


class Account:
    """A service account in the test's namespace, with the rights it is given."""

    client: Client

    def __init__(self, admin: Client, api: Api, kubeconfig: Path) -> None:
        self.admin, self.api, self.kubeconfig = admin, api, kubeconfig

    async def may(self, rules: Rules, namespace: str | None = None) -> None:
        """Allow this in one namespace, or everywhere."""
        roles, bindings = (ROLES, ROLE_BINDINGS) if namespace else (CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS)
        metadata = {"name": f"{self.api.namespace}-provider"}
        await self.admin.create(roles, {"metadata": metadata, "rules": rules}, namespace)
        subject = {"kind": "ServiceAccount", "name": "provider", "namespace": self.api.namespace}
        role = {"apiGroup": RBAC, "kind": roles.kind, "name": metadata["name"]}
        await self.admin.create(bindings, {"metadata": metadata, "subjects": [subject], "roleRef": role}, namespace)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        await self.admin.create(SERVICE_ACCOUNTS, {"metadata": {"name": "provider"}}, self.api.namespace)
        token = await self.admin.create(
            SERVICE_ACCOUNTS, {"spec": {}}, self.api.namespace, subresource="token", name="provider"
        )
        config = yaml.safe_load(self.api.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": token.decode("status")["token"]}
        self.kubeconfig.write_text(yaml.safe_dump(config))
        async with connected(self.kubeconfig) as self.client:
            yield


async def test_a_node_can_be_kept_with_the_fewest_rights(clusters: World, host: Account, virtual: Account) -> None:
    async with clusters.registering(host=host.client, virtual=virtual.client):
        await clusters.until(World.lease, "the node to be alive")
        assert "its nodes may not be listed" in ready_message(clusters)
        assert clusters.status()["capacity"] == write_resources(ASSUMED_ROOM)
        await clusters.edit({"metadata": {"labels": None}})
        await clusters.until(lambda now: "type" in now.labels(), "the label to be restored")
        before = clusters.node()
        assert before is not None
        await clusters.virtual.delete(NODES, clusters.name)
        await clusters.until(lambda now: (node := now.node()) and node.uid != before.uid, "the node to come back")
        assert clusters.labels()["kubernetes.io/os"] == "linux"
    assert await unregister(virtual.client) == [clusters.name]


def ready_message(clusters: World) -> str:
    (message,) = [one["message"] for one in clusters.status()["conditions"] if one["type"] == "Ready"]
    return str(message)


async def test_host_nodes_out_of_sight_are_as_large_as_the_quota(
    clusters: World, host: Account, virtual: Account
) -> None:
    hard = {"requests.cpu": "2", "requests.memory": "3Gi", "pods": "7", "requests.nvidia.com/gpu": "1"}
    await clusters.host.create(RESOURCE_QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": hard}}, clusters.namespace)
    async with clusters.registering(host=host.client, virtual=virtual.client):
        await clusters.until(lambda now: now.condition() == "True", "the node to be ready")
        seen = {"cpu": "2", "memory": "3Gi", "pods": "7", "nvidia.com/gpu": "1", "ephemeral-storage": "100Ti"}
        assert clusters.status()["capacity"] == seen


async def test_who_may_list_host_nodes_knows_them(clusters: World, host: Account, virtual: Account) -> None:
    await host.may(READ_NODES)
    async with clusters.registering(host=host.client, virtual=virtual.client):
        await clusters.until(lambda now: now.condition() == "True", "the node to be ready")
        assert clusters.status()["capacity"] == ROOM
        assert ready_message(clusters) == "1 of 1 host nodes are ready"


async def test_without_any_right_on_the_host_quotas_are_not_known_and_the_node_is_there(
    clusters: World, host: Account, virtual: Account
) -> None:
    await clusters.host.delete(ROLE_BINDINGS, f"{clusters.namespace}-provider", clusters.namespace)
    async with clusters.registering(host=host.client, virtual=virtual.client):
        await clusters.until(lambda now: now.condition() == "True", "the node to be ready")
        assert clusters.status()["capacity"] == write_resources(ASSUMED_ROOM)
