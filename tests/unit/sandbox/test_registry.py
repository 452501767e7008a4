from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sandbox import oci
from sandbox.images import ImageStore
from sandbox.registry import create_app
from tests.unit.sandbox.image_files import digest_of, write_layer

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    store = ImageStore(tmp_path / "store")
    store.add(["busybox", "busybox:1.35"], [write_layer(tmp_path, "a")], {"Cmd": ["sh"]})
    store.add(["sandbox.local/team/app:v1"], [write_layer(tmp_path, "b")], {})
    return store


@pytest.fixture
async def client(store: ImageStore) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(store))) as client:
        yield client


BUSYBOX = "/v2/library/busybox"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"{BUSYBOX}/manifests/latest?ns=docker.io", id="as a mirror"),
        pytest.param(f"{BUSYBOX}/manifests/1.35", id="Docker's own host is the default"),
        pytest.param("/v2/team/app/manifests/v1?ns=sandbox.local", id="any other host"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_manifest_comes_with_its_type_and_digest(client: Client, method: str, path: str) -> None:
    async with client.request(method, path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == oci.MANIFEST
        if method == "GET":
            assert answer.headers["Docker-Content-Digest"] == digest_of(await answer.read())


async def test_everything_a_manifest_names_can_be_fetched_by_digest(client: Client, store: ImageStore) -> None:
    digest = next(iter(store.entries().values())).digest
    async with client.get(f"{BUSYBOX}/manifests/{digest}?ns=docker.io") as answer:
        manifest = msgspec.json.decode(await answer.read(), type=oci.Manifest)
    for part in oci.parts(manifest):
        async with client.get(f"{BUSYBOX}/blobs/{part.digest}") as answer:
            assert digest_of(await answer.read()) == part.digest
            assert answer.headers["Content-Length"] == str(part.size)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        pytest.param(f"{BUSYBOX}/manifests/9.9", "MANIFEST_UNKNOWN", id="unknown tag"),
        pytest.param("/v2/library/absent/manifests/latest", "MANIFEST_UNKNOWN", id="unknown repository"),
        pytest.param(f"{BUSYBOX}/manifests/latest?ns=elsewhere.example", "MANIFEST_UNKNOWN", id="another host's"),
        pytest.param(f"{BUSYBOX}/manifests/sha256:{'0' * 64}", "MANIFEST_UNKNOWN", id="unknown digest"),
        pytest.param(f"{BUSYBOX}/blobs/sha256:{'0' * 64}", "BLOB_UNKNOWN", id="unknown blob"),
        pytest.param(f"{BUSYBOX}/blobs/sha256:..%2F..%2Findex.json", "BLOB_UNKNOWN", id="no digest"),
        pytest.param("/v2/library/absent/tags/list", "NAME_UNKNOWN", id="tags of nothing"),
    ],
)
async def test_what_nobody_stored_is_refused_as_the_specification_says(client: Client, path: str, code: str) -> None:
    async with client.get(path) as answer:
        assert answer.status == 404
        assert (await answer.json())["errors"][0]["code"] == code


async def test_tags_are_listed(client: Client) -> None:
    async with client.get(f"{BUSYBOX}/tags/list") as answer:
        assert await answer.json() == {"name": "library/busybox", "tags": ["1.35", "latest"]}


async def test_an_image_added_while_it_runs_is_served(client: Client, store: ImageStore, tmp_path: Path) -> None:
    store.add(["new:1"], [write_layer(tmp_path, "c")], {})
    async with client.head("/v2/library/new/manifests/1") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/healthz", "/v2/"])
async def test_it_says_that_it_is_there(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        pytest.param("v1.31.4-k3s1", 200, id="a release"),
        pytest.param("v1.30.0-rc2-k3s12", 200, id="a candidate"),
        pytest.param("latest", 404, id="no release"),
        pytest.param("v1.31.4", 404, id="another's release"),
    ],
)
async def test_one_image_stands_in_for_all_releases_of_k3s(
    client: Client, store: ImageStore, tmp_path: Path, tag: str, status: int
) -> None:
    store.add(["rancher/k3s:stand-in"], [write_layer(tmp_path, "k3s")], {})
    async with client.get(f"/v2/rancher/k3s/manifests/{tag}?ns=docker.io") as answer:
        assert answer.status == status
