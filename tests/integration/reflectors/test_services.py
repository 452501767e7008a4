"""Services between two real API servers of one Service range: the host decides on addresses, nothing is recreated."""

from collections.abc import AsyncIterator

import pytest

from kube.resources import SERVICES
from reflectors.translation.json_values import Draft
from reflectors.translation.metadata import AGREEING, CLUSTER_LABEL, NAME, NAMESPACE, NAMESPACE_LABEL, RESERVED, UID
from reflectors.translation.service_addresses import PLACEHOLDER, released
from tests.cluster_fixtures import Api
from tests.integration.reflectors.services import PORT, Services, reflecting_services
from tests.integration.reflectors.sides import sides, until


@pytest.fixture
async def services(host_api: Api, virtual_api: Api) -> AsyncIterator[Services]:
    async with sides(host_api, virtual_api) as opened:
        yield Services(opened)


async def test_a_service_has_the_same_address_on_the_host_and_selects_its_own_pods_only(services: Services) -> None:
    async with reflecting_services(services.both):
        created = await services.create(sessionAffinity="ClientIP")
        virtual, host = await services.until_agreed()
    assert host["spec"]["clusterIP"] == created.decode("spec")["clusterIP"]
    assert host["spec"]["selector"] == {
        "app": "web",
        CLUSTER_LABEL: services.both.context.cluster,
        NAMESPACE_LABEL: services.both.namespace,
    }
    assert host["spec"]["sessionAffinityConfig"] == virtual["spec"]["sessionAffinityConfig"]


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
async def test_an_address_that_is_taken_on_the_host_is_given_up_without_recreating_the_service(
    services: Services, kind: str
) -> None:
    fields = {"externalTrafficPolicy": "Local"} if kind == "LoadBalancer" else {}
    created = await services.create(type=kind, **fields)
    await services.take_on_host(clusterIP=created.decode("spec")["clusterIP"])
    async with reflecting_services(services.both):
        virtual, host = await services.until_agreed()
    assert virtual["metadata"]["uid"] == created.uid
    assert virtual["spec"]["clusterIP"] != created.decode("spec")["clusterIP"]
    assert virtual["spec"]["selector"] == {"app": "web"}
    assert virtual["spec"].get("externalTrafficPolicy") == host["spec"].get("externalTrafficPolicy")
    assert AGREEING not in virtual["metadata"].get("annotations", {})


async def test_a_provider_that_died_while_agreeing_goes_on_from_there(services: Services) -> None:
    created = await services.create(type="NodePort")
    await services.take_on_host(clusterIP=created.decode("spec")["clusterIP"])
    half_way = await services.patch(released(created.to_dict()))
    assert half_way.decode("spec")["externalName"] == PLACEHOLDER
    async with reflecting_services(services.both):
        virtual, _ = await services.until_agreed()
    assert virtual["metadata"]["uid"] == created.uid
    assert virtual["spec"]["type"] == "NodePort"


async def test_a_reserved_service_keeps_its_address_whatever_becomes_of_the_virtual_one(services: Services) -> None:
    both = services.both
    metadata = {
        "name": services.host_name("web"),
        "namespace": both.host_namespace,
        "labels": {CLUSTER_LABEL: both.context.cluster},
        "annotations": {NAMESPACE: both.namespace, NAME: "web", UID: "reserved", RESERVED: "true"},
    }
    body = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [PORT]}}
    reserved = await both.host.create(SERVICES, body)
    address = reserved.decode("spec")["clusterIP"]
    async with reflecting_services(both):
        for _ in range(2):
            created = await services.create(clusterIP=address)

            async def taken_over(uid: str = created.uid) -> Draft | None:
                host = await services.host()
                return host if host and host["metadata"]["annotations"][UID] == uid else None

            host = await until(taken_over, "it to be taken over")
            assert host["metadata"]["uid"] == reserved.uid
            assert host["spec"]["selector"]["app"] == "web"
            await both.virtual.delete(SERVICES, "web", both.namespace)
            await services.create("another")
            await services.until_agreed("another")
            await both.virtual.delete(SERVICES, "another", both.namespace)
            still = await services.host()
            assert still is not None
            assert still["spec"]["clusterIP"] == address


async def test_a_node_port_is_taken_as_asked_for_if_it_is_free(services: Services) -> None:
    async with reflecting_services(services.both):
        await services.create("plain")
        created = await services.create(type="NodePort")
        asked = created.decode("spec")["ports"][0]["nodePort"]
        virtual, _ = await services.until_agreed()
    assert virtual["spec"]["ports"][0]["nodePort"] == asked


async def test_a_node_port_that_is_taken_becomes_the_hosts(services: Services) -> None:
    created = await services.create(type="NodePort")
    port = created.decode("spec")["ports"][0]
    await services.take_on_host(type="NodePort", ports=[{**PORT, "nodePort": port["nodePort"]}])
    async with reflecting_services(services.both):
        virtual, _ = await services.until_agreed()
        assert virtual["spec"]["ports"][0]["nodePort"] != port["nodePort"]
        assert virtual["spec"]["clusterIP"] == created.decode("spec")["clusterIP"]


async def test_a_service_changes_its_type_and_back(services: Services) -> None:
    async with reflecting_services(services.both):
        created = await services.create()
        await services.until_agreed()
        for kind in ("NodePort", "LoadBalancer", "ClusterIP"):
            await services.change(type=kind)
            await services.until(lambda _, host, kind=kind: host["type"] == kind, f"host of type {kind}")  # type: ignore[misc]
            virtual, _ = await services.until_agreed()
        await services.change(type="ExternalName", externalName="example.com", clusterIP=None, clusterIPs=None)
        _, host = await services.until(lambda _, host: host["type"] == "ExternalName", "host of type ExternalName")
        assert not host["spec"].get("clusterIP")
        await services.change(type="ClusterIP", externalName=None)
        await services.until(lambda _, host: host["type"] == "ClusterIP", "host of type ClusterIP")
        virtual, _ = await services.until_agreed()
        await services.change(type="ExternalName", externalName="example.com", clusterIP=None, clusterIPs=None)
        await services.until(lambda _, host: host["type"] == "ExternalName", "host of type ExternalName")
        await services.change(type="ClusterIP", externalName=None, clusterIP="None")
        _, host = await services.until(lambda _, host: host.get("clusterIP") == "None", "headless host")
        virtual, _ = await services.until_agreed()
    assert virtual["metadata"]["uid"] == created.uid


async def test_a_service_that_became_headless_behind_our_back_gets_another_host_service(services: Services) -> None:
    async with reflecting_services(services.both):
        await services.create()
        await services.until_agreed()
    await services.change(type="ExternalName", externalName="example.com", clusterIP=None, clusterIPs=None)
    await services.change(type="ClusterIP", externalName=None, clusterIP="None")
    async with reflecting_services(services.both):
        await services.until(lambda _, host: host.get("clusterIP") == "None", "headless host")


async def test_ports_change_and_what_the_host_added_stays(services: Services) -> None:
    async with reflecting_services(services.both):
        await services.create(type="NodePort")
        before, _ = await services.until_agreed()
        await services.change_on_host("web", {"metadata": {"labels": {"mesh": "on"}}})
        more = {"name": "admin", "port": 81, "protocol": "TCP", "targetPort": 81}
        await services.change(ports=[*before["spec"]["ports"], more], sessionAffinity="ClientIP")
        _, host = await services.until(lambda _, host: len(host["ports"]) == 2, "the second port")
        virtual, _ = await services.until_agreed()
    assert virtual["spec"]["ports"][0] == before["spec"]["ports"][0]
    assert host["metadata"]["labels"]["mesh"] == "on"


async def test_what_the_load_balancer_says_comes_back(services: Services) -> None:
    async with reflecting_services(services.both):
        await services.create(type="LoadBalancer")
        await services.until_agreed()
        for ingress in ([{"ip": "192.0.2.7"}], []):
            await services.change_on_host("web", {"status": {"loadBalancer": {"ingress": ingress}}}, "status")

            async def told(ingress: object = ingress) -> bool | None:
                status = (await services.virtual())["status"]["loadBalancer"]
                return True if status.get("ingress", []) == ingress else None

            await until(told, "the status")


async def test_external_addresses_need_a_grant(services: Services) -> None:
    async with reflecting_services(services.both):
        await services.create(externalIPs=["192.0.2.7"])

        async def told() -> list[str] | None:
            return await services.both.events("web") or None

        assert "spec.externalIPs" in (await until(told, "the event"))[0]
    assert await services.host() is None


async def test_nothing_is_written_once_all_agree(services: Services) -> None:
    created = await services.create(type="NodePort")
    await services.take_on_host(clusterIP=created.decode("spec")["clusterIP"])
    async with reflecting_services(services.both):
        await services.until_agreed()
        await services.create("later")
        await services.until_agreed("later")
    before = await services.virtual(), await services.host()
    async with reflecting_services(services.both):
        await services.create("last")
        await services.until_agreed("last")
    assert (await services.virtual(), await services.host()) == before


async def test_an_address_that_another_service_has_here_is_taken_over_when_that_one_gives_it_up(
    services: Services,
) -> None:
    async with reflecting_services(services.both):
        created = await services.create()
        before, _ = await services.until_agreed()
    await services.change(type="ExternalName", externalName="example.com", clusterIP=None, clusterIPs=None)
    await services.change(type="ClusterIP", externalName=None)
    address = before["spec"]["clusterIP"]
    holder: Draft = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": services.both.namespace}}
    await services.both.virtual.create(SERVICES, holder | {"spec": {"ports": [PORT], "clusterIP": address}}, "default")
    async with reflecting_services(services.both):

        async def told() -> list[str] | None:
            return await services.both.events("web") or None

        assert "AddressTaken" in (await until(told, "the event"))[0]
        await services.both.virtual.delete(SERVICES, services.both.namespace, "default")
        virtual, host = await services.until_agreed()
    assert virtual["metadata"]["uid"] == created.uid
    assert host["spec"]["clusterIP"] == address


async def test_two_virtual_clusters_with_the_same_names_share_a_host_namespace(
    services: Services, host_api: Api, virtual_api: Api
) -> None:
    async with sides(host_api, virtual_api, cluster="other") as opened:
        other = Services(opened)
        created = await services.create(type="NodePort")
        async with reflecting_services(services.both):
            _, first = await services.until_agreed()
        await services.change(type="ExternalName", externalName="example.com", clusterIP=None, clusterIPs=None)
        wish = created.decode("spec")
        await services.change(type="NodePort", externalName=None, clusterIP=wish["clusterIP"], ports=wish["ports"])
        async with reflecting_services(other.both):
            virtual, second = await other.until_agreed()
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert first["spec"]["selector"][CLUSTER_LABEL] != second["spec"]["selector"][CLUSTER_LABEL]
    assert first["spec"]["clusterIP"] != second["spec"]["clusterIP"] == virtual["spec"]["clusterIP"]
    assert first["spec"]["ports"][0]["nodePort"] != second["spec"]["ports"][0]["nodePort"]
    assert await services.host() == first
