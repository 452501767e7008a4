import re
from pathlib import Path

import pytest

from kube.discovery import Discovery
from kube.errors import Unreachable
from kube.resources import PODS, Resource
from tests.cluster_fixtures import Api
from tests.eventually import eventually_true
from tests.faulty_proxy import FaultyProxy, response
from tests.integration.kube.following import connected
from tests.integration.kube.manifests import anything_goes
from tests.leaks import nothing_left

SLICES = ("discovery.k8s.io", "EndpointSlice")
CUSTOM_RESOURCE_DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)


async def test_best_version_is_the_first_that_the_server_has(host_api: Api) -> None:
    expected = "v1" if host_api.version >= (1, 21) else "v1beta1"
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        found = await Discovery(client).best(*SLICES)
    assert found == Resource("discovery.k8s.io", expected, "endpointslices", "EndpointSlice")


async def test_core_group_has_no_name(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        assert await Discovery(client).best("", "Pod") == PODS


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        pytest.param("nobody.example.com", "Thing", id="no such group"),
        pytest.param("apps", "Thing", id="no such kind"),
        pytest.param("autoscaling", "Scale", id="the kind of a subresource only"),
    ],
)
async def test_what_the_server_has_not_is_none(host_api: Api, group: str, kind: str) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        assert await Discovery(client).best(group, kind) is None


async def test_version_that_was_not_asked_for_is_not_taken(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        assert await Discovery(client).best(*SLICES, preferred=("v7",)) is None


async def test_server_version_is_the_one_it_runs(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        assert await Discovery(client).server_version() == host_api.version[:2]


async def test_what_a_vendor_adds_to_the_version_is_left_out(host_api: Api, tmp_path: Path) -> None:
    async with FaultyProxy(host_api.kubeconfig, tmp_path) as proxy, connected(proxy.kubeconfig) as client:
        proxy.answer(response("200 OK", b'{"major":"1","minor":"29+","gitVersion":"v1.29.3-vendor.1"}'))
        assert await Discovery(client).server_version() == (1, 29)


@pytest.mark.parametrize(
    "answer", [b"<html>Sign in to the network</html>", b"[]", b'{"resources": 1}', b'{"major": 1}'], ids=bytes.decode
)
async def test_an_answer_that_makes_no_sense_is_none_of_an_api_server(
    host_api: Api, tmp_path: Path, answer: bytes
) -> None:
    async with FaultyProxy(host_api.kubeconfig, tmp_path) as proxy, connected(proxy.kubeconfig) as client:
        proxy.answer(response("200 OK", answer))
        with pytest.raises(Unreachable):
            await Discovery(client).server_version()
        if answer != b'{"major": 1}':
            with pytest.raises(Unreachable):
                await Discovery(client).best(*SLICES)


async def test_a_server_is_asked_once(host_api: Api) -> None:
    group = f"{re.sub(r'[^a-z0-9]', '', host_api.namespace)}.example.com"
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        discovery = Discovery(client)
        assert await discovery.best(group, "Thing") is None
        definition = await client.create(CUSTOM_RESOURCE_DEFINITIONS, anything_goes(group))
        await eventually_true(lambda: Discovery(client).best(group, "Thing"), "the new kind to be offered")
        assert await discovery.best(group, "Thing") is None
        await client.delete(CUSTOM_RESOURCE_DEFINITIONS, definition.name)
