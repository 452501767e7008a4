import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from kube.client import Client, PatchType
from kube.informer import Informer
from kube.objects import Key, Object
from kube.resources import LEASES, NODES, PODS
from sandbox.simulated_node import is_ready
from sandbox.simulated_pod import RUN_SECONDS
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.integration.sandbox.programs import connected, running, watched

FLEET = ("--name", "sim", "--nodes", "3")
NODE_NAMES = ("sim-0", "sim-1", "sim-2")


@pytest.fixture
async def client(host_api: Api) -> AsyncIterator[Client]:
    async with connected(host_api.kubeconfig) as client:
        yield client
        for name in NODE_NAMES:
            await client.request("DELETE", NODES.path(), query=[("fieldSelector", f"metadata.name={name}")])


@pytest.fixture
async def pods(client: Client, host_api: Api) -> AsyncIterator[Informer]:
    async with watched(client, PODS, host_api.namespace) as pods:
        yield pods


@pytest.fixture
async def nodes(client: Client) -> AsyncIterator[Informer]:
    async with watched(client, NODES) as nodes:
        yield nodes


def pod(name: str, *, node: str = "sim-0", **metadata: Any) -> dict[str, Any]:
    spec = {"nodeName": node, "containers": [{"name": "app", "image": "busybox"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}


async def create(client: Client, namespace: str, bodies: Iterable[dict[str, Any]]) -> None:
    async with asyncio.TaskGroup() as group:
        for body in bodies:
            group.create_task(client.create(PODS, body, namespace))


def in_phase(pods: Informer, phase: str) -> list[Object]:
    return [pod for pod in pods.store.values() if pod.decode("status")["phase"] == phase]


def addresses(pods: Informer) -> dict[str, str]:
    return {pod.name: pod.decode("status").get("podIP", "") for pod in pods.store.values()}


async def test_two_hundred_pods_run_and_are_gone_once_deleted(client: Client, host_api: Api, pods: Informer) -> None:
    with running("simulator", host_api.kubeconfig, *FLEET):
        await create(client, host_api.namespace, (pod(f"p{n}", node=NODE_NAMES[n % 3]) for n in range(200)))
        await eventually(lambda: len(in_phase(pods, "Running")) == 200, "all pods to be Running", seconds=120)
        assert len(set(addresses(pods).values())) == 200
        await client.request("DELETE", PODS.path(host_api.namespace), timeout=120)
        await eventually(lambda: not pods.store.values(), "all pods to be gone", seconds=120)


async def test_a_killed_simulator_goes_on_where_it_was(client: Client, host_api: Api, pods: Informer) -> None:
    with running("simulator", host_api.kubeconfig, *FLEET) as simulator:
        await create(client, host_api.namespace, (pod(f"before-{n}") for n in range(30)))
        await eventually(lambda: len(in_phase(pods, "Running")) >= 10, "some pods to be Running", seconds=60)
        simulator.kill()
        simulator.wait()
    before = {name: address for name, address in addresses(pods).items() if address}
    await create(client, host_api.namespace, (pod(f"after-{n}") for n in range(10)))
    await client.delete(PODS, "before-0", host_api.namespace)
    before.pop("before-0", None)
    with running("simulator", host_api.kubeconfig, *FLEET):
        await eventually(lambda: len(in_phase(pods, "Running")) == len(pods.store) == 39, "the rest to be Running")
        now = addresses(pods)
        assert len(set(now.values())) == 39
        assert {name: now[name] for name in before} == before, "whoever had an address has kept it"


async def test_a_pod_that_says_for_how_long_it_runs_succeeds(client: Client, host_api: Api, pods: Informer) -> None:
    with running("simulator", host_api.kubeconfig, *FLEET):
        await create(client, host_api.namespace, [pod("job", annotations={RUN_SECONDS: "0.1"})])
        await eventually(lambda: in_phase(pods, "Succeeded"), "the pod to succeed")


async def test_a_finalizer_keeps_a_deleted_pod_and_nothing_is_written_meanwhile(
    client: Client, host_api: Api, pods: Informer
) -> None:
    key = Key(host_api.namespace, "held")

    def is_let_go() -> bool:
        held = pods.store.get(key)
        return held is not None and held.metadata.deletion_grace_period_seconds == 0

    with running("simulator", host_api.kubeconfig, *FLEET):
        await create(client, host_api.namespace, [pod("held", finalizers=["example.com/hold"]), pod("other")])
        await eventually(lambda: len(in_phase(pods, "Running")) == 2, "the pods to be Running")
        await client.delete(PODS, "held", host_api.namespace)
        await eventually(is_let_go, "the containers to be gone")
        let_go = pods.store.get(key)
        await client.delete(PODS, "other", host_api.namespace)
        await eventually(lambda: len(pods.store) == 1, "the other pod to be gone")
        assert pods.store.get(key) == let_go
        free = {"metadata": {"finalizers": None}}
        await client.patch(PODS, "held", free, host_api.namespace, patch_type=PatchType.MERGE)
        await eventually(lambda: pods.store.get(key) is None, "the pod to be gone")


async def test_nodes_are_ready_with_room_and_a_lease(client: Client, host_api: Api, nodes: Informer) -> None:
    with running("simulator", host_api.kubeconfig, *FLEET, "--pods-per-node", "7"):
        await eventually(lambda: ready(nodes) == set(NODE_NAMES), "all nodes to be Ready")
        node = nodes.store.get(Key("", "sim-0"))
        assert node is not None
        assert node.decode("status")["allocatable"]["pods"] == "7"
        async with watched(client, LEASES, "kube-node-lease") as leases:
            await eventually(lambda: set(NODE_NAMES) <= {lease.name for lease in leases.store.values()}, "the leases")


async def test_a_node_that_was_given_up_comes_back(client: Client, host_api: Api, nodes: Informer) -> None:
    lost = {"status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]}}
    with running("simulator", host_api.kubeconfig, *FLEET):
        await eventually(lambda: ready(nodes) == set(NODE_NAMES), "all nodes to be Ready")
        patched = await client.patch(NODES, "sim-1", lost, patch_type=PatchType.STRATEGIC, subresource="status")
        await eventually(lambda: is_newer(nodes, patched) and "sim-1" in ready(nodes), "the node to be Ready again")


async def test_a_deleted_node_stays_away_until_the_next_start(client: Client, host_api: Api, nodes: Informer) -> None:
    with running("simulator", host_api.kubeconfig, *FLEET):
        await eventually(lambda: ready(nodes) == set(NODE_NAMES), "all nodes to be Ready")
        await client.delete(NODES, "sim-1")
        await eventually(lambda: Key("", "sim-1") not in nodes.store, "the node to be gone")
        # The others' next sign of life comes after everything that the deletion may have set off.
        await client.patch(
            NODES,
            "sim-2",
            {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}},
            patch_type=PatchType.STRATEGIC,
            subresource="status",
        )
        await eventually(lambda: ready(nodes) == {"sim-0", "sim-2"}, "the other nodes to be Ready")
    with running("simulator", host_api.kubeconfig, *FLEET):
        await eventually(lambda: ready(nodes) == set(NODE_NAMES), "all nodes to be Ready")


def ready(nodes: Informer) -> set[str]:
    return {node.name for node in nodes.store.values() if is_ready(node)}


def is_newer(nodes: Informer, than: Object) -> bool:
    node = nodes.store.get(than.key)
    return node is not None and int(node.resource_version) > int(than.resource_version)
