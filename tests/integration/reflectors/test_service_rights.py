"""With which rights Services and what leads to them are reflected."""

from dataclasses import replace
from pathlib import Path

from kube.resources import ENDPOINTS
from reflectors.service_reflectors import slice_resources
from reflectors.translation.endpoints import SERVICE_NAME
from tests.cluster_fixtures import Api
from tests.integration.node.test_rights import Account
from tests.integration.reflectors.services import Services, reflecting_services
from tests.integration.reflectors.sides import sides, until
from tests.integration.reflectors.test_rights import KEEP, READ, rule

DISCOVERY = "discovery.k8s.io"

# As the documentation has them.
IN_HOST_NAMESPACE = [*rule("", KEEP, "services", "endpoints"), *rule(DISCOVERY, KEEP, "endpointslices")]
IN_VIRTUAL_CLUSTER = [
    *rule("", [*READ, "patch"], "services", "services/status"),
    *rule("", ["list", "watch"], "endpoints"),
    *rule(DISCOVERY, ["list", "watch"], "endpointslices"),
    *rule("", ["create", "patch"], "events"),
]


async def test_no_cluster_wide_right_is_needed_on_the_host(host_api: Api, virtual_api: Api, tmp_path: Path) -> None:
    async with sides(host_api, virtual_api) as both:
        host = Account(both.host, host_api, tmp_path / "host.yaml")
        virtual = Account(both.virtual, virtual_api, tmp_path / "virtual.yaml")
        await host.may(IN_HOST_NAMESPACE, both.host_namespace)
        await virtual.may(IN_VIRTUAL_CLUSTER)
        services = Services(both)
        created = await services.create(type="LoadBalancer")
        await services.take_on_host(clusterIP=created.decode("spec")["clusterIP"])
        slices = await slice_resources(both.host, both.virtual)
        async with (
            host.connected(),
            virtual.connected(),
            reflecting_services(replace(both, host=host.client, virtual=virtual.client)),
        ):
            await services.until_agreed()
            status = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}
            await services.change_on_host("web", status, "status")

            async def told() -> bool | None:
                return True if "ingress" in (await services.virtual())["status"]["loadBalancer"] else None

            await until(told, "the load balancer's address")
            await services.create("db", selector=None)
            metadata = {"name": "db", "namespace": both.namespace}
            await both.virtual.create(ENDPOINTS, {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata})
            of_db = {"name": "own", "namespace": both.namespace, "labels": {SERVICE_NAME: "db"}}
            head = {"apiVersion": slices.virtual.api_version, "kind": "EndpointSlice", "metadata": of_db}
            await both.virtual.create(slices.virtual, {**head, "addressType": "IPv4", "endpoints": []})

            async def copied() -> bool | None:
                found = [await both.host.list(each, both.host_namespace) for each in (ENDPOINTS, slices.host)]
                return True if all(each.objects for each in found) else None

            await until(copied, "the copies")
