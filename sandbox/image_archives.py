"""Image archives: what `buildah push`, `docker save` and `podman save` write, and what `ctr images import` reads.

Reading takes both formats that are in use: docker-archive (`manifest.json`) and oci-archive (`index.json`). An archive
is believed only as far as its checksums go: a truncated or altered one is refused before anything is named.
"""

import gzip
import io
import lzma
import tarfile
import zlib
from pathlib import Path
from typing import IO

import msgspec

from sandbox import oci
from sandbox.blobs import Blob, Blobs
from sandbox.errors import SandboxError
from sandbox.image_names import ImageName, parse_image_name

HOW_TO_WRITE = "write it with `buildah push IMAGE docker-archive:FILE:NAME:TAG`"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class _BadArchiveError(Exception):
    """What is wrong with an archive, before the archive's name is known."""


_BROKEN = (
    _BadArchiveError,
    tarfile.TarError,
    EOFError,
    KeyError,  # a member, or what a link leads to, is missing
    msgspec.MsgspecError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
)


class _DockerImage(msgspec.Struct, rename="pascal"):
    """An entry of a docker-archive's manifest.json."""

    config: str
    layers: list[str]
    repo_tags: list[str] | None = None


def read_archive(archive: Path, blobs: Blobs, architecture: str) -> dict[ImageName, oci.Descriptor]:
    """Store the archive's content as blobs; returns the manifest of each image that it names."""
    try:
        with tarfile.open(archive) as tar:
            members = set(tar.getnames())
            read = _read_oci if "index.json" in members else _read_docker
            images = read(_Archive(tar, blobs), architecture)
    except _BROKEN as error:
        raise SandboxError(f"{archive} is no whole image archive ({error}); {HOW_TO_WRITE}") from error
    if not images:
        raise SandboxError(f"{archive} names no image; {HOW_TO_WRITE}")
    return images


def write_archive(target: Path, entry: oci.Descriptor, blobs: Blobs) -> None:
    """Write one named image as an oci-archive."""
    manifest = msgspec.json.decode(blobs.read(entry.digest), type=oci.Manifest)
    draft = target.with_name(f".{target.name}.new")
    with tarfile.open(draft, "w") as tar:
        _add_bytes(tar, "oci-layout", oci.LAYOUT)
        _add_bytes(tar, "index.json", msgspec.json.encode(oci.Index([entry])))
        for digest in dict.fromkeys([entry.digest, *(part.digest for part in oci.parts(manifest))]):
            _add_file(tar, _blob_member(digest), blobs.path(digest))
    draft.rename(target)


class _Archive:
    """An open archive, its members either read or stored as blobs."""

    def __init__(self, tar: tarfile.TarFile, blobs: Blobs) -> None:
        self._tar = tar
        self.blobs = blobs

    def open(self, member: str) -> IO[bytes]:
        file = self._tar.extractfile(member)
        if file is None:
            raise _BadArchiveError(f"{member} is no file")
        return file

    def read(self, member: str) -> bytes:
        with self.open(member) as file:
            return file.read()

    def store(self, member: str) -> Blob:
        with self.open(member) as file:
            return self.blobs.put(file)

    def store_verified(self, entry: oci.Descriptor) -> None:
        """Store the blob that an OCI descriptor speaks of."""
        if self.blobs.path(entry.digest).exists():
            return
        if self.store(_blob_member(entry.digest)).digest != entry.digest:
            raise _BadArchiveError(f"the content of {entry.digest} is not what its digest says")

    def media_type(self, member: str) -> str:
        """How a layer is packed, by its first bytes."""
        with self.open(member) as file:
            start = file.read(4)
        packed = "+gzip" if start.startswith(_GZIP) else "+zstd" if start == _ZSTD else ""
        return oci.LAYER + packed


def _read_oci(archive: _Archive, architecture: str) -> dict[ImageName, oci.Descriptor]:
    images = {}
    for entry in msgspec.json.decode(archive.read("index.json"), type=oci.Index).manifests:
        name = _oci_name(entry)
        if name is not None:
            images[parse_image_name(name)] = _store_oci_image(archive, entry, architecture)
    return images


def _oci_name(entry: oci.Descriptor) -> str | None:
    """The image's full name; a bare tag, which some tools leave as the reference, is none."""
    reference = entry.annotations.get(oci.REF_NAME, "")
    return entry.annotations.get(oci.IMAGE_NAME) or (reference if {"/", ":"} & set(reference) else None)


def _store_oci_image(archive: _Archive, entry: oci.Descriptor, architecture: str) -> oci.Descriptor:
    entry = _for_platform(archive, entry, architecture)
    archive.store_verified(entry)
    manifest = msgspec.json.decode(archive.blobs.read(entry.digest), type=oci.Manifest)
    for part in oci.parts(manifest):
        archive.store_verified(part)
    return entry


def _for_platform(archive: _Archive, entry: oci.Descriptor, architecture: str) -> oci.Descriptor:
    """Follow indexes down to the manifest for this machine; the others' content may be missing from the archive."""
    wanted = oci.Platform(architecture, "linux")
    while entry.media_type in {oci.INDEX, oci.DOCKER_INDEX}:
        archive.store_verified(entry)  # content that names its own digest cannot be: no endless descent
        index = msgspec.json.decode(archive.blobs.read(entry.digest), type=oci.Index)
        fitting = [child for child in index.manifests if child.platform in {None, wanted}]
        if not fitting:
            raise _BadArchiveError(f"it has no image for linux/{architecture}")
        entry = fitting[0]
    return entry


def _read_docker(archive: _Archive, _architecture: str) -> dict[ImageName, oci.Descriptor]:
    images = {}
    for image in msgspec.json.decode(archive.read("manifest.json"), type=list[_DockerImage]):
        names = [parse_image_name(tag) for tag in image.repo_tags or ()]
        if names:
            images.update(dict.fromkeys(names, _store_docker_image(archive, image)))
    return images


def _store_docker_image(archive: _Archive, image: _DockerImage) -> oci.Descriptor:
    expected = msgspec.json.decode(archive.read(image.config), type=oci.ImageConfig).rootfs.diff_ids
    if len(expected) != len(image.layers):
        raise _BadArchiveError(f"{len(image.layers)} layers where {image.config} lists {len(expected)}")
    layers = [_store_docker_layer(archive, *pair) for pair in zip(image.layers, expected, strict=True)]
    config = archive.store(image.config)
    manifest = oci.Manifest(oci.Descriptor(oci.CONFIG, config.digest, config.size), layers)
    blob = archive.blobs.put(io.BytesIO(msgspec.json.encode(manifest)))
    return oci.Descriptor(oci.MANIFEST, blob.digest, blob.size)


def _store_docker_layer(archive: _Archive, member: str, diff_id: str) -> oci.Descriptor:
    media_type = archive.media_type(member)
    blob = archive.store(member)
    if media_type == oci.LAYER and blob.digest != diff_id:
        raise _BadArchiveError(f"the content of {member} is not what the image's configuration says")
    return oci.Descriptor(media_type, blob.digest, blob.size)


def _blob_member(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _add_file(tar: tarfile.TarFile, name: str, file: Path) -> None:
    member = tarfile.TarInfo(name)
    member.size = file.stat().st_size
    with file.open("rb") as content:
        tar.addfile(member, content)
