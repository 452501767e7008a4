"""Fields that this program has never heard of, written by kubectl, survive whatever it does with their objects."""

import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from kube.client import Client
from kube.objects import Metadata, Object
from kube.resources import PODS, Resource
from tests.cluster_fixtures import Api
from tests.integration.kube.following import connected
from tests.integration.kube.manifests import anything_goes, pod
from tests.integration.kube.tls_server import read_head, tls_server
from tests.kubectl import Kubectl
from tests.leaks import nothing_left

CUSTOM_RESOURCE_DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
THINGS = Resource("example.com", "v1", "things", "Thing")
UNKNOWN = {
    "spec": {"brandNewField": {"containers": [{"newThing": 1}]}},
    "aTopLevelFieldOfTheFuture": {
        "empty": [{}, [], ""],
        "large": 9007199254740993,
        "small": 1.1e-7,
        "text": 'é\u2028 <&> "quoted" \\ / \t 世界 🚀',
    },
    "another": [1, "two", False],
}


@pytest.fixture
async def client(host_api: Api) -> AsyncIterator[Client]:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        yield client


@pytest.fixture
async def things(host_api: Api, client: Client) -> AsyncIterator[Resource]:
    """A resource of this test's own whose objects may have any field, with one that kubectl made."""
    group = f"{re.sub(r'[^a-z0-9]', '', host_api.namespace)}.example.com"
    definition = await client.create(CUSTOM_RESOURCE_DEFINITIONS, anything_goes(group))
    kubectl = Kubectl(host_api.server.kubectl, host_api.kubeconfig, host_api.namespace)
    kubectl.wait_for("condition=Established", f"crd/{definition.name}")
    kubectl.apply({"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "thing"}, **UNKNOWN})
    yield Resource(group, "v1", "things", "Thing")
    await client.delete(CUSTOM_RESOURCE_DEFINITIONS, definition.name)


def contents(thing: Object) -> dict[str, bytes | None]:
    return {name: thing.raw(name) for name in thing.fields}


async def test_pod_of_kubectl_is_as_the_server_sent_it(client: Client, host_api: Api) -> None:
    kubectl = Kubectl(host_api.server.kubectl, host_api.kubeconfig, host_api.namespace)
    kubectl.apply(pod("web", host_api.namespace, nodeName="nowhere"))
    sent = await client.request("GET", PODS.path(host_api.namespace, "web"))
    web = await client.get(PODS, "web", host_api.namespace)
    (listed,) = (await client.list(PODS, host_api.namespace)).objects
    assert all(b'"%s":%s' % (name.encode(), bytes(value)) in sent for name, value in web.fields.items())
    assert contents(listed) == contents(web)
    assert contents(await client.replace(PODS, web)) == contents(web)


async def test_what_is_sent_back_has_the_bytes_that_came(tmp_path: Path) -> None:
    odd = '{ "a" : 1.10, "b":1e2 ,"c":null,"d":[ ],"e":9007199254740993123,"f":"\\u003c\\/é" }'.encode()
    stored = b'{"kind":"Thing","metadata":{"name":"thing","namespace":"n"},"spec":%s,"future":%s}' % (odd, odd)
    received = b""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal received
        while True:
            head = await read_head(reader)
            length = re.search(r"Content-Length: (\d+)", head)
            received = await reader.readexactly(int(length[1])) if length else b""
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(stored), stored))

    async with nothing_left(), tls_server(tmp_path, serve) as kubeconfig, connected(kubeconfig) as client:
        thing = await client.get(THINGS, "thing", "n")
        again = await client.replace(THINGS, thing)
    assert received.count(b":" + odd) == 2
    assert contents(again) == contents(thing) == {"spec": odd, "future": odd}


async def test_they_are_as_the_server_sent_them(client: Client, host_api: Api, things: Resource) -> None:
    sent = await client.request("GET", things.path(host_api.namespace, "thing"))
    thing = await client.get(things, "thing", host_api.namespace)
    assert set(thing.fields) == set(UNKNOWN)
    assert all(b'"%s":%s' % (name.encode(), bytes(value)) in sent for name, value in thing.fields.items())
    assert {name: thing.decode(name) for name in thing.fields} == UNKNOWN


async def test_they_are_the_same_in_lists_and_watches(client: Client, host_api: Api, things: Resource) -> None:
    thing = await client.get(things, "thing", host_api.namespace)
    (listed,) = (await client.list(things, host_api.namespace)).objects
    async with aclosing(client.watch(things, host_api.namespace, resource_version="0")) as events:
        watched = (await anext(events)).object
    assert contents(listed) == contents(watched) == contents(thing)


async def test_they_are_the_same_after_the_object_was_sent_back(
    client: Client, host_api: Api, things: Resource
) -> None:
    thing = await client.get(things, "thing", host_api.namespace)
    metadata = msgspec.structs.replace(thing.metadata, labels={"touched": "yes"})
    replaced = await client.replace(things, msgspec.structs.replace(thing, metadata=metadata))
    assert replaced.metadata.labels == {"touched": "yes"}
    assert contents(replaced) == contents(thing)


async def test_they_are_the_same_in_a_copy(client: Client, host_api: Api, things: Resource) -> None:
    thing = await client.get(things, "thing", host_api.namespace)
    copy = msgspec.structs.replace(thing, metadata=Metadata(name="copy", namespace=host_api.namespace))
    assert contents(await client.create(things, copy)) == contents(thing)


async def test_they_survive_being_edited_as_a_dict(client: Client, host_api: Api, things: Resource) -> None:
    edited = (await client.get(things, "thing", host_api.namespace)).to_dict()
    edited["spec"]["added"] = True
    replaced = await client.replace(things, edited)
    assert replaced.decode("spec") == {**UNKNOWN["spec"], "added": True}  # type: ignore[dict-item]  # it is a dict
    assert replaced.decode("aTopLevelFieldOfTheFuture") == UNKNOWN["aTopLevelFieldOfTheFuture"]
