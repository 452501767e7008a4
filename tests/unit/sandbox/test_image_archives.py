from pathlib import Path

import msgspec
import pytest

from sandbox import oci
from sandbox.blobs import Blobs
from sandbox.errors import SandboxError
from sandbox.image_archives import read_archive
from sandbox.image_names import ImageName, parse_image_name
from tests.unit.sandbox.image_files import docker_archive, oci_archive, tar_bytes

LAYER = tar_bytes({"file": b"content"})
OTHER = tar_bytes({"file": b"other"})
NAME = parse_image_name("example.com/app:v1")


def read(tmp_path: Path, members: dict[str, bytes]) -> dict[ImageName, oci.Descriptor]:
    return read_bytes(tmp_path, tar_bytes(members))


def read_bytes(tmp_path: Path, content: bytes) -> dict[ImageName, oci.Descriptor]:
    archive = tmp_path / "app.tar"
    archive.write_bytes(content)
    return read_archive(archive, Blobs(tmp_path), "amd64")


@pytest.mark.parametrize(
    ("members", "media_type"),
    [
        pytest.param(docker_archive([LAYER], [str(NAME)]), oci.LAYER, id="docker-archive"),
        pytest.param(docker_archive([LAYER], [str(NAME)], pack=True), f"{oci.LAYER}+gzip", id="packed layer"),
        pytest.param(oci_archive(LAYER, {oci.REF_NAME: str(NAME)}), oci.LAYER, id="oci-archive"),
        pytest.param(oci_archive(LAYER, {oci.IMAGE_NAME: str(NAME), oci.REF_NAME: "v1"}), oci.LAYER, id="docker save"),
        pytest.param(
            oci_archive(LAYER, {oci.REF_NAME: str(NAME)}, architectures=["arm64", "amd64"]),
            oci.LAYER,
            id="several platforms",
        ),
    ],
)
def test_an_archive_gives_its_name_and_all_its_blobs(
    tmp_path: Path, members: dict[str, bytes], media_type: str
) -> None:
    images = read(tmp_path, members)
    assert list(images) == [NAME]
    blobs = Blobs(tmp_path)
    manifest = msgspec.json.decode(blobs.read(images[NAME].digest), type=oci.Manifest)
    assert [layer.media_type for layer in manifest.layers] == [media_type]
    assert all(blobs.path(part.digest).stat().st_size == part.size for part in oci.parts(manifest))


def test_of_several_platforms_only_this_machines_is_needed(tmp_path: Path) -> None:
    members = oci_archive(LAYER, {oci.REF_NAME: str(NAME)}, architectures=["arm64", "amd64"])
    foreign = [name for name, content in members.items() if content == LAYER + b"arm64"]
    for name in foreign:
        del members[name]
    assert list(read(tmp_path, members)) == [NAME]


def altered(members: dict[str, bytes], old: bytes, new: bytes) -> dict[str, bytes]:
    return {name: new if content == old else content for name, content in members.items()}


def without(members: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {member: content for member, content in members.items() if member != name}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({}, "manifest.json", id="empty tar"),
        pytest.param({"manifest.json": b"no json"}, "JSON", id="no JSON"),
        pytest.param({"manifest.json": b'[{"Config": 1}]'}, "Expected", id="other JSON"),
        pytest.param(without(docker_archive([LAYER], ["a"]), "config.json"), "config.json", id="no configuration"),
        pytest.param(without(docker_archive([LAYER], ["a"]), "0/layer.tar"), "0/layer.tar", id="layer missing"),
        pytest.param(altered(docker_archive([LAYER], ["a"]), LAYER, OTHER), "0/layer.tar", id="layer altered"),
        pytest.param(altered(oci_archive(LAYER, {oci.REF_NAME: "a:b"}), LAYER, OTHER), "sha256:", id="blob altered"),
        pytest.param(
            oci_archive(LAYER, {oci.REF_NAME: "a:b"}, architectures=["arm64"]), "linux/amd64", id="other machine's"
        ),
        pytest.param(docker_archive([LAYER], []), "names no image", id="no name"),
        pytest.param(oci_archive(LAYER, {oci.REF_NAME: "latest"}), "names no image", id="a tag is no name"),
    ],
)
def test_a_bad_archive_is_refused_with_what_to_do(tmp_path: Path, members: dict[str, bytes], reason: str) -> None:
    with pytest.raises(SandboxError, match=r"^[^\n]*buildah push[^\n]*$") as refusal:
        read(tmp_path, members)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("cut", [1, 700, len(LAYER) + 600, len(LAYER) + 1000])
def test_a_truncated_archive_is_refused(tmp_path: Path, cut: int) -> None:
    with pytest.raises(SandboxError, match="no whole image archive"):
        read_bytes(tmp_path, tar_bytes(docker_archive([LAYER], ["a"]))[:cut])


def test_what_is_no_tar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="no whole image archive"):
        read_bytes(tmp_path, b"not a tar" * 1000)
