"""The few structures of the OCI image format that the sandbox reads and writes.

Source: the OCI image specification, v1 (descriptor, manifest, index, layout).
"""

import msgspec

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

IMAGE_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


class Platform(msgspec.Struct, frozen=True):
    """What a manifest of an index is made for."""

    architecture: str
    os: str


class Descriptor(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A blob, by its content."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = {}
    platform: Platform | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """One image for one platform."""

    config: Descriptor
    layers: list[Descriptor]
    media_type: str = MANIFEST
    schema_version: int = 2


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """Several images, or one image for several platforms."""

    manifests: list[Descriptor] = []
    schema_version: int = 2


class RootFilesystem(msgspec.Struct, frozen=True):
    """The digests of an image's uncompressed layers."""

    diff_ids: list[str]
    type: str = "layers"


class ImageConfig(msgspec.Struct, frozen=True):
    """The part of an image's configuration that says which layers belong to it."""

    rootfs: RootFilesystem


def parts(manifest: Manifest) -> list[Descriptor]:
    """The blobs that a manifest needs, in the order in which they are stored."""
    return [manifest.config, *manifest.layers]
