"""Endpoints and EndpointSlices of tenants between two real API servers, the virtual one with its controllers."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from kube.client import PatchType
from kube.objects import Object
from kube.resources import ENDPOINTS, Resource
from reflectors.service_reflectors import slice_resources
from reflectors.translation.endpoints import SERVICE_NAME
from reflectors.translation.json_values import Draft
from reflectors.translation.metadata import CLUSTER_LABEL
from tests.cluster_fixtures import Api
from tests.integration.reflectors.services import Services, reflecting_services
from tests.integration.reflectors.sides import sides, until

ADDRESS = {"ip": "192.0.2.7", "hostname": "db-0", "nodeName": "virtual-node"}
SUBSET = {"addresses": [ADDRESS], "ports": [{"name": "http", "port": 5432, "protocol": "TCP"}]}
HOST_SUBSET = {**SUBSET, "addresses": [{"ip": "192.0.2.7", "hostname": "db-0"}]}


@pytest.fixture
async def services(host_api: Api, virtual_api: Api) -> AsyncIterator[Services]:
    async with sides(host_api, virtual_api) as opened:
        yield Services(opened)


async def on_host(services: Services, resource: Resource) -> Sequence[Object]:
    selector = f"{CLUSTER_LABEL}={services.both.context.cluster}"
    return (await services.both.host.list(resource, services.both.host_namespace, label_selector=selector)).objects


async def create_endpoints(services: Services, name: str = "db") -> None:
    metadata = {"name": name, "namespace": services.both.namespace}
    await services.both.virtual.create(
        ENDPOINTS, {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [SUBSET]}
    )


async def test_endpoints_of_a_service_without_a_selector_follow_it_to_the_host(services: Services) -> None:
    async def subsets(expected: list[Draft]) -> bool | None:
        found = [each for each in await on_host(services, ENDPOINTS) if each.name == services.host_name("db")]
        return True if [each.decode("subsets") for each in found] == expected else None

    async with reflecting_services(services.both):
        await create_endpoints(services)
        await services.create("db", selector=None)
        await until(lambda: subsets([[HOST_SUBSET]]), "the host's endpoints")  # type: ignore[list-item]
        await services.change("db", selector={"app": "db"})
        await until(lambda: subsets([]), "them to be left to the host")


async def test_what_the_hosts_controller_left_behind_is_taken_over(services: Services) -> None:
    labels = {CLUSTER_LABEL: services.both.context.cluster}
    metadata = {"name": services.host_name("db"), "namespace": services.both.host_namespace, "labels": labels}
    await services.both.host.create(ENDPOINTS, {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata})
    async with reflecting_services(services.both):
        await create_endpoints(services)
        await services.create("db", selector=None)

        async def replaced() -> bool | None:
            found = await on_host(services, ENDPOINTS)
            return True if [each.decode("subsets") for each in found] == [[HOST_SUBSET]] else None

        await until(replaced, "the tenant's endpoints")


async def test_a_tenants_slice_leads_to_the_host_service_and_a_controllers_stays_virtual(services: Services) -> None:
    virtual, host = await slice_resources(services.both.host, services.both.virtual)
    body: dict[str, Any] = {
        "apiVersion": virtual.api_version,
        "kind": "EndpointSlice",
        "metadata": {"name": "own", "namespace": services.both.namespace, "labels": {SERVICE_NAME: "db"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.8"], "conditions": {"ready": True}, "hostname": "db-1"}],
        "ports": [{"name": "http", "port": 5432, "protocol": "TCP"}],
    }
    async with reflecting_services(services.both):
        await services.both.virtual.create(virtual, body)
        await create_endpoints(services)  # which the virtual cluster's controller mirrors
        await services.create("db", selector=None)

        async def slices() -> Object | None:
            return next(iter(await on_host(services, host)), None)

        copy = await until(slices, "the host's slice")
        assert copy.metadata.labels[SERVICE_NAME] == services.host_name("db")
        assert copy.decode("endpoints") == body["endpoints"]

        async def mirrored() -> bool | None:
            found = (await services.both.virtual.list(virtual, services.both.namespace)).objects
            return True if len(found) == 2 else None

        await until(mirrored, "the mirrored slice")
        await services.create("other")
        await services.until_agreed("other")
        assert len(await on_host(services, host)) == 1

        change: Draft = {"endpoints": []}
        await services.both.virtual.patch(virtual, "own", change, services.both.namespace, patch_type=PatchType.MERGE)

        async def emptied() -> bool | None:
            found = await on_host(services, host)
            return True if [each.decode("endpoints") or [] for each in found] == [[]] else None

        await until(emptied, "the change")
