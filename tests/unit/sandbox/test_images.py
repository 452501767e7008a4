import tarfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import oci
from sandbox.errors import SandboxError
from sandbox.images import ImageStore
from tests.unit.sandbox.image_files import add_five, docker_archive, tar_bytes, write_layer

TEST = "sandbox.local/test:1"


def layer_content(store: ImageStore, name: str, into: Path) -> str:
    """What the file in the image's first layer says."""
    store.export(name, into / "export.tar")
    with tarfile.open(into / "export.tar") as tar:

        def read(member: str) -> bytes:
            file = tar.extractfile(member)
            assert file is not None
            return file.read()

        def blob(digest: str) -> bytes:
            return read(f"blobs/{digest.replace(':', '/')}")

        index = msgspec.json.decode(read("index.json"), type=oci.Index)
        manifest = msgspec.json.decode(blob(index.manifests[0].digest), type=oci.Manifest)
        (into / "layer.tar").write_bytes(blob(manifest.layers[0].digest))
    with tarfile.open(into / "layer.tar") as layer:
        file = layer.extractfile("content")
        assert file is not None
        return file.read().decode()


def test_an_empty_store_has_no_names(tmp_path: Path) -> None:
    assert ImageStore(tmp_path / "store").names() == []


def test_names_are_normalised_and_kept_for_the_next_process(tmp_path: Path) -> None:
    ImageStore(tmp_path).add(["busybox", TEST], [write_layer(tmp_path, "a")], {"Cmd": ["sh"]})
    assert ImageStore(tmp_path).names() == ["docker.io/library/busybox:latest", TEST]


def test_an_exported_image_says_how_it_runs_and_which_layers_it_has(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "store")
    store.add([TEST], [write_layer(tmp_path, "a")], {"Cmd": ["sh"]})
    entry = next(iter(store.entries().values()))
    manifest = msgspec.json.decode(store.blobs.read(entry.digest), type=oci.Manifest)
    config = msgspec.json.decode(store.blobs.read(manifest.config.digest))
    assert config["config"] == {"Cmd": ["sh"]}
    assert config["rootfs"]["diff_ids"] == [manifest.layers[0].digest]
    assert config["os"] == "linux"
    assert entry.annotations == {oci.IMAGE_NAME: TEST, oci.REF_NAME: "1"}


def test_the_same_image_has_the_same_digest_in_every_store(tmp_path: Path) -> None:
    stores = [ImageStore(tmp_path / name) for name in ("one", "other")]
    for store in stores:
        store.add([TEST], [write_layer(tmp_path, "a")], {"Cmd": ["sh"]})
    assert stores[0].entries() == stores[1].entries()


def test_a_loaded_archive_is_exported_whole(tmp_path: Path) -> None:
    archive = tmp_path / "app.tar"
    archive.write_bytes(tar_bytes(docker_archive([write_layer(tmp_path, "a").read_bytes()], ["app:v1", "app:v2"])))
    store = ImageStore(tmp_path / "store")
    assert store.load(archive) == ["docker.io/library/app:v1", "docker.io/library/app:v2"]
    assert layer_content(store, "app:v2", tmp_path) == "a"


def test_an_export_can_be_loaded(tmp_path: Path) -> None:
    one, other = ImageStore(tmp_path / "one"), ImageStore(tmp_path / "other")
    one.add([TEST], [write_layer(tmp_path, "a")], {})
    one.export(TEST, tmp_path / "export.tar")
    assert other.load(tmp_path / "export.tar") == [TEST]
    assert other.entries() == one.entries()


def test_a_name_leads_to_what_was_stored_last_and_nothing_else_is_kept(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "store")
    store.add([TEST], [write_layer(tmp_path, "a")], {})
    before = set((tmp_path / "store/blobs/sha256").iterdir())
    store.add([TEST], [write_layer(tmp_path, "b")], {})
    assert layer_content(store, TEST, tmp_path) == "b"
    assert before.isdisjoint((tmp_path / "store/blobs/sha256").iterdir())


NAMES = st.sampled_from(["a", "b:1", "b:2", "example.com/c"])


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.sets(NAMES, min_size=1), st.sampled_from("xyz")), max_size=6))
def test_a_store_is_a_map_from_names_to_images(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[set[str], str]]
) -> None:
    folder = tmp_path_factory.mktemp("images")
    store, model = ImageStore(folder / "store"), dict[str, str]()
    for names, content in steps:
        store.add(names, [write_layer(folder, content)], {})
        model |= dict.fromkeys(names, content)
    assert {name: layer_content(store, name, folder) for name in model} == model
    assert len(store.names()) == len(model)


def test_two_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        for done in [processes.submit(add_five, tmp_path / "store", prefix) for prefix in ("one", "other")]:
            done.result(timeout=60)
    store = ImageStore(tmp_path / "store")
    assert len(store.names()) == 10
    assert layer_content(store, "one:4", tmp_path) == "one"


def test_an_unknown_image_is_not_exported_and_the_error_says_what_there_is(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "store")
    store.add([TEST], [write_layer(tmp_path, "a")], {})
    with pytest.raises(SandboxError, match=f"no image docker.io/library/absent:latest in .*; it has {TEST}"):
        store.export("absent", tmp_path / "export.tar")
    assert not (tmp_path / "export.tar").exists()


def test_an_archive_that_is_not_there_is_refused_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"absent\.tar is no file; .*buildah push"):
        ImageStore(tmp_path).load(tmp_path / "absent.tar")


def test_a_refused_archive_changes_nothing(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "store")
    store.add([TEST], [write_layer(tmp_path, "a")], {})
    (tmp_path / "bad.tar").write_bytes(b"bad")
    with pytest.raises(SandboxError):
        store.load(tmp_path / "bad.tar")
    assert layer_content(store, TEST, tmp_path) == "a"


def test_a_damaged_index_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(SandboxError, match=r"index\.json is damaged .*; remove .* and try again"):
        ImageStore(tmp_path).names()
