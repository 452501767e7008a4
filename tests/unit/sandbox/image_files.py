"""Small layers and archives for the tests of images."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.images import ImageStore


def tar_bytes(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def write_layer(folder: Path, content: str) -> Path:
    """A layer with one file that holds `content`."""
    layer = folder / f"{content}.tar"
    layer.write_bytes(tar_bytes({"content": content.encode()}))
    return layer


def add_five(path: Path, prefix: str) -> None:
    """Add images to a store one by one: what a process of its own does, so it is not in a test's module."""
    layer = write_layer(path.parent, prefix)
    for number in range(5):
        ImageStore(path).add([f"{prefix}:{number}"], [layer], {"Cmd": [str(number)]})


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def docker_archive(layers: Sequence[bytes], tags: Sequence[str], *, pack: bool = False) -> dict[str, bytes]:
    """The members of what `buildah push docker-archive:` writes."""
    config = json.dumps({"rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}}).encode()
    members = {f"{number}/layer.tar": gzip.compress(layer) if pack else layer for number, layer in enumerate(layers)}
    entry = {"Config": "config.json", "RepoTags": list(tags), "Layers": list(members)}
    return {**members, "config.json": config, "manifest.json": json.dumps([entry]).encode()}


def oci_archive(layer: bytes, annotations: Mapping[str, str], *, architectures: Sequence[str] = ()) -> dict[str, bytes]:
    """The members of what `buildah push oci-archive:` writes; with architectures, an index of one image for each."""
    blobs: dict[str, bytes] = {}

    def put(media_type: str, content: bytes) -> dict[str, object]:
        blobs[f"blobs/{digest_of(content).replace(':', '/')}"] = content
        return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}

    def image(layer: bytes) -> dict[str, object]:
        config = {"rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}}
        manifest = {
            "schemaVersion": 2,
            "config": put("application/vnd.oci.image.config.v1+json", json.dumps(config).encode()),
            "layers": [put("application/vnd.oci.image.layer.v1.tar", layer)],
        }
        return put("application/vnd.oci.image.manifest.v1+json", json.dumps(manifest).encode())

    if architectures:
        children = [
            image(layer + arch.encode()) | {"platform": {"os": "linux", "architecture": arch, "variant": "v8"}}
            for arch in architectures
        ]
        inner = json.dumps({"schemaVersion": 2, "manifests": children}).encode()
        entry = put("application/vnd.oci.image.index.v1+json", inner)
    else:
        entry = image(layer)
    index = {"schemaVersion": 2, "manifests": [entry | {"annotations": dict(annotations)}]}
    return {"oci-layout": b"{}", "index.json": json.dumps(index).encode(), **blobs}
