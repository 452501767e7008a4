"""What becomes of virtual nodes in a cluster with a real node lifecycle controller, garbage collector and scheduler."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from kube.client import PatchType
from kube.errors import NotFound
from kube.resources import LEASES, NODES, PODS, RESOURCE_QUOTAS
from node.leases import LEASE_NAMESPACE
from node.mirrored_nodes import MirroredNodes
from node.registration import unregister
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.integration.node.paced_clock import FAST
from tests.integration.node.world import TAINT, World
from tests.kubectl import Kubectl
from tests.unit.node.hosts import ROOM

GPU = "nvidia.com/gpu"


def is_well(clusters: World) -> bool:
    """Ready, and the lifecycle controller agrees."""
    return clusters.condition() == "True" and clusters.taints() == {TAINT.key}


async def test_a_node_becomes_ready_and_pods_are_scheduled_to_it(clusters: World) -> None:
    async with clusters.registering() as registration:
        await clusters.until(is_well, "the node to be ready and untainted")
        assert registration.is_complete
        pod = await clusters.virtual.create(PODS, pod_for(clusters), "default")
        await eventually_scheduled(clusters, pod.name)
        await clusters.virtual.delete(PODS, pod.name, "default", grace_period_seconds=0)
        assert clusters.status()["capacity"] == ROOM
        assert clusters.status()["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 10250}}
        assert clusters.labels()["kubernetes.io/arch"] == "amd64"
        assert clusters.lease_spec()["leaseDurationSeconds"] == 40


def pod_for(clusters: World) -> dict[str, Any]:
    return {
        "metadata": {"name": f"pod-{clusters.namespace}"},
        "spec": {
            "containers": [{"name": "a", "image": "a", "resources": {"requests": {"cpu": "3", "memory": "1Gi"}}}],
            "nodeSelector": {"kubernetes.io/hostname": clusters.name, "kubernetes.io/os": "linux"},
            "tolerations": [{"key": TAINT.key, "operator": "Exists"}],
        },
    }


async def eventually_scheduled(clusters: World, name: str) -> None:
    async with asyncio.timeout(30):
        while True:
            pod = await clusters.virtual.get(PODS, name, "default")
            if pod.decode("spec").get("nodeName") == clusters.name:
                return
            await asyncio.sleep(0.1)


async def test_a_deleted_node_comes_back_with_its_lease(clusters: World) -> None:
    async with clusters.registering():
        await clusters.until(is_well, "the node to be ready")
        first = clusters.node()
        assert first is not None
        await clusters.virtual.delete(NODES, clusters.name)
        await clusters.until(lambda now: (node := now.node()) and node.uid != first.uid, "another node")
        await clusters.until(is_well, "it to be ready")
        node = clusters.node()
        assert node is not None
        await clusters.until(lambda now: owner_of_lease(now) == node.uid, "the lease to be the new node's")


def owner_of_lease(clusters: World) -> str:
    lease = clusters.lease()
    return lease.metadata.owner_references[0].uid if lease is not None else ""


@pytest.mark.parametrize(
    ("edit", "subresource"),
    [
        pytest.param({"metadata": {"labels": {"type": "real"}}}, None, id="label"),
        pytest.param({"metadata": {"labels": None, "annotations": None}}, None, id="all metadata"),
        pytest.param({"spec": {"taints": None}}, None, id="taints"),
        pytest.param({"status": {"capacity": {"cpu": "400", GPU: "8"}}}, "status", id="capacity"),
        pytest.param({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, "status", id="conditions"),
        pytest.param({"status": {"addresses": None, "daemonEndpoints": None}}, "status", id="addresses"),
    ],
)
async def test_an_edited_node_is_restored(clusters: World, edit: dict[str, Any], subresource: str | None) -> None:
    async with clusters.registering():
        await clusters.until(is_well, "the node to be ready")
        before = said(clusters)
        await clusters.edit(edit, subresource=subresource)
        await eventually(lambda: said(clusters) == before, f"the node to say {before} again")


def said(clusters: World) -> dict[str, Any]:
    """What the Node says, but for times and what the lifecycle controller adds."""
    status = clusters.status()
    return {
        "labels": {name: text for name, text in clusters.labels().items() if not name.startswith("beta.")},
        "taints": clusters.taints(),
        "status": {name: value for name, value in status.items() if name != "conditions"},
        "conditions": {kind["type"]: kind["status"] for kind in status["conditions"]},
    }


async def test_what_the_tenant_sets_stays(clusters: World) -> None:
    async with clusters.registering():
        await clusters.until(is_well, "the node to be ready")
        theirs = [{"key": "theirs", "effect": "NoSchedule"}, {"key": TAINT.key, "effect": TAINT.effect, "value": "x"}]
        await clusters.edit({"metadata": {"labels": {"team": "a"}}, "spec": {"unschedulable": True, "taints": theirs}})
        await clusters.change_host_node("one", {"status": {"capacity": {GPU: "1"}}}, subresource="status")
        await clusters.until(lambda now: GPU in now.status()["capacity"], "our own next write")
        await clusters.until(lambda now: TAINT.value in taint_values(now), "our taint to be restored")
        assert clusters.labels()["team"] == "a"
        assert clusters.spec()["unschedulable"] is True
        assert clusters.taints() >= {"theirs", TAINT.key, "node.kubernetes.io/unschedulable"}


def taint_values(clusters: World) -> set[str]:
    return {taint.get("value", "") for taint in clusters.spec()["taints"]}


async def test_a_cordon_and_a_drain_do_what_they_do_to_any_node(clusters: World, virtual_api: Api) -> None:
    kubectl = Kubectl(virtual_api.server.kubectl, virtual_api.kubeconfig)
    async with clusters.registering():
        await clusters.until(is_well, "the node to be ready")
        pod = await clusters.virtual.create(PODS, pod_for(clusters), "default")
        await eventually_scheduled(clusters, pod.name)
        await asyncio.to_thread(kubectl, "drain", clusters.name, "--force", "--grace-period=0", "--timeout=30s")
        with pytest.raises(NotFound):
            await clusters.virtual.get(PODS, pod.name, "default")
        await clusters.until(lambda now: "node.kubernetes.io/unschedulable" in now.taints(), "the node to be cordoned")
        await asyncio.to_thread(kubectl, "uncordon", clusters.name)
        await clusters.until(is_well, "the node to be as before")


async def test_nothing_is_written_while_nothing_changes_not_even_by_a_successor(clusters: World) -> None:
    async with clusters.registering():
        await clusters.until(is_well, "the node to be ready")
        await clusters.until(World.lease, "the lease")
    before = clusters.node()
    async with clusters.registering(clock=FAST) as successor:
        await eventually(lambda: successor.is_complete, "the successor to know the node")
        await renewed_twice(clusters)
        assert clusters.node() == before


async def renewed_twice(clusters: World) -> None:
    for _ in range(2):
        before = clusters.lease_spec()
        await clusters.until(partial(is_not, before), "the next renewal")


def is_not(before: dict[str, Any], clusters: World) -> bool:
    return clusters.lease_spec() != before


async def test_what_a_server_does_not_keep_is_not_written_again_and_again(clusters: World) -> None:
    plan = replace(clusters.plan(), declared_features=("NeverHeardOf",))
    async with clusters.registering(plan, clock=FAST):
        await clusters.until(World.lease, "the node to be registered")
        await renewed_twice(clusters)
        if "declaredFeatures" in clusters.status():
            pytest.skip("this server keeps it")
        before = clusters.node()
        await renewed_twice(clusters)
        assert clusters.node() == before


async def test_a_lease_that_was_spoiled_or_deleted_is_whole_at_the_next_renewal(clusters: World) -> None:
    async with clusters.registering(clock=FAST):
        await clusters.until(World.lease, "the lease")
        spoiled = {"spec": {"holderIdentity": "me"}, "metadata": {"ownerReferences": None}}
        await clusters.virtual.patch(LEASES, clusters.name, spoiled, LEASE_NAMESPACE, patch_type=PatchType.MERGE)
        await clusters.until(lambda now: now.lease_spec()["holderIdentity"] == "me", "it to be spoiled")
        await clusters.until(lambda now: now.lease_spec()["holderIdentity"] == now.name, "it to be whole")
        assert owner_of_lease(clusters)
        await clusters.virtual.delete(LEASES, clusters.name, LEASE_NAMESPACE)
        await clusters.until(lambda now: now.lease() is None, "it to be gone")
        await clusters.until(World.lease, "it to be back")


async def test_host_nodes_are_followed(clusters: World) -> None:
    async with clusters.registering():
        await clusters.until(is_well, "the node to be ready")
        await clusters.change_host_node(
            "one", {"status": {"conditions": [condition("Ready", "False")]}}, subresource="status"
        )
        await clusters.until(lambda now: now.condition() == "False", "the node not to be ready")
        assert clusters.status()["capacity"] == ROOM
        assert clusters.status()["allocatable"] == {**dict.fromkeys(ROOM, "0")}
        await clusters.until(lambda now: "node.kubernetes.io/not-ready" in now.taints(), "the controller to agree")
        await clusters.add_host_node("two", room={**ROOM, GPU: "2"})
        await clusters.until(is_well, "the node to be ready again")
        assert clusters.status()["capacity"] == {
            "cpu": "8",
            "memory": "32Gi",
            "ephemeral-storage": "200Gi",
            "pods": "220",
            GPU: "2",
        }
        assert clusters.status()["allocatable"] == {**ROOM, GPU: "2"}
        pressure = {"status": {"conditions": [condition("MemoryPressure", "True")]}}
        await clusters.change_host_node("two", pressure, subresource="status")
        await clusters.until(
            lambda now: "node.kubernetes.io/memory-pressure" in now.taints(), "the pressure to be felt"
        )
        await clusters.host.delete(NODES, clusters.host_node_name("two"))
        await clusters.until(lambda now: GPU not in now.status()["capacity"], "the second node's room to be gone")


def condition(kind: str, status: str) -> dict[str, str]:
    return {"type": kind, "status": status, "reason": "Test", "message": ""}


async def test_a_quota_of_the_host_namespace_limits_the_node(clusters: World) -> None:
    async with clusters.registering():
        await clusters.until(is_well, "the node to be ready")
        quota = {"metadata": {"name": "quota"}, "spec": {"hard": {"requests.cpu": "2", "pods": "5"}}}
        await clusters.host.create(RESOURCE_QUOTAS, quota, clusters.namespace)
        limited = {**ROOM, "cpu": "2", "pods": "5"}
        await clusters.until(lambda now: now.status()["capacity"] == limited, "the quota to count")
        await clusters.host.delete(RESOURCE_QUOTAS, "quota", clusters.namespace)
        await clusters.until(lambda now: now.status()["capacity"] == ROOM, "the quota to count no more")


async def test_mirrored_nodes_come_change_and_go_with_host_nodes(clusters: World) -> None:
    one, two = clusters.host_node_name("one"), clusters.host_node_name("two")
    await clusters.add_host_node("two", labels={"disk": "fast"}, taints=[{"key": "gpu", "effect": "NoSchedule"}])
    async with clusters.registering(MirroredNodes(31000)):
        await eventually(lambda: clusters.node(one) and clusters.node(two), "both nodes")
        assert labels_of(clusters, two)["disk"] == "fast"
        await clusters.change_host_node("two", {"spec": {"unschedulable": True}})
        await eventually(lambda: unschedulable(clusters, two), "the cordon")
        await clusters.change_host_node(
            "two", {"spec": {"unschedulable": None}, "metadata": {"labels": {"disk": None}}}
        )
        await eventually(lambda: not unschedulable(clusters, two), "the cordon to end")
        await eventually(lambda: "disk" not in labels_of(clusters, two), "the label to go")
        await clusters.host.delete(NODES, two)
        await eventually(lambda: clusters.node(two) is None, "the second node to go")
        assert clusters.node(one)


def labels_of(clusters: World, name: str) -> Mapping[str, str]:
    node = clusters.node(name)
    return {} if node is None else node.metadata.labels


def unschedulable(clusters: World, name: str) -> bool:
    node = clusters.node(name)
    return node is not None and bool(node.decode("spec").get("unschedulable"))


async def test_unregistering_removes_node_and_lease_and_nothing_else(clusters: World) -> None:
    async with clusters.registering():
        await clusters.until(is_well, "the node to be ready")
        await clusters.until(World.lease, "the lease")
    other = await clusters.virtual.create(NODES, {"metadata": {"name": f"real-{clusters.namespace}"}})
    assert await unregister(clusters.virtual) == [clusters.name]
    await clusters.until(lambda now: now.node() is None and now.lease() is None, "both to be gone")
    assert clusters.node(other.name)
    await clusters.virtual.delete(NODES, other.name)
    assert await unregister(clusters.virtual) == []
