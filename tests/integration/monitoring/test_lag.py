"""What a running provider says of how long it takes to reflect."""

from prometheus_client.parser import text_string_to_metric_families

from kube.client import Client, PatchType
from kube.objects import Object
from kube.resources import CONFIG_MAPS, PODS
from sandbox.provider import NODE
from tests.cluster_fixtures import Api
from tests.eventually import eventually_true
from tests.integration.kube.following import connected
from tests.integration.monitoring.scraped import scraped
from tests.virtual_cluster import VirtualCluster

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {
        "nodeName": NODE,
        "automountServiceAccountToken": False,
        "containers": [{"name": "main", "image": "app:1", "envFrom": [{"configMapRef": {"name": "settings"}}]}],
    },
}
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}


async def counted(provider: VirtualCluster) -> dict[tuple[str, str], float]:
    """How many changes were measured, by kind and direction, of those that were."""
    return {
        (sample.labels["kind"], sample.labels["direction"]): sample.value
        for family in text_string_to_metric_families(await scraped(provider.health_port))
        for sample in family.samples
        if sample.name == "vkp_reflection_lag_seconds_count" and sample.value
    }


async def test_changes_are_measured_both_ways(provider: VirtualCluster, virtual_api: Api) -> None:
    async with connected(provider.host.kubeconfig) as host, connected(provider.virtual.kubeconfig) as virtual:
        namespace = virtual_api.namespace
        await virtual.create(CONFIG_MAPS, SETTINGS, namespace)
        await virtual.create(PODS, POD, namespace)
        copy = await _copy(host, provider.namespace)
        await _counts(provider, "pods", "to_host")
        status = {"status": {"phase": "Running", "podIP": "10.9.8.7"}}
        strategic = PatchType.STRATEGIC
        await host.patch(PODS, copy.name, status, copy.namespace, patch_type=strategic, subresource="status")
        await _counts(provider, "pods", "to_virtual")
        await virtual.patch(CONFIG_MAPS, "settings", {"data": {"a": "2"}}, namespace, patch_type=PatchType.MERGE)
        await _counts(provider, "configmaps", "to_host")
        assert ("configmaps", "to_virtual") not in await counted(provider)


async def _counts(provider: VirtualCluster, kind: str, direction: str) -> None:
    async def look() -> bool:
        return (kind, direction) in await counted(provider)

    await eventually_true(look, f"a change of {kind} {direction} to be measured")


async def _copy(host: Client, namespace: str) -> Object:
    found: list[Object] = []

    async def is_there() -> bool:
        found[:] = (await host.list(PODS, namespace)).objects
        return bool(found)

    await eventually_true(is_there, "the pod to be on the host")
    return found[0]
