"""The images of a sandbox, without any registry outside: an OCI image layout in a directory.

What is promised: a reader sees the index before or after a change, never between; two processes may change it at the
same time; content that no name leads to any more is removed; names are kept as Docker normalises them.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from sandbox import disk_errors, oci
from sandbox.blobs import Blob, Blobs
from sandbox.errors import SandboxError
from sandbox.image_archives import HOW_TO_WRITE, read_archive, write_archive
from sandbox.image_names import ImageName, parse_image_name
from sandbox.locking import exclusive
from sandbox.machine import architecture
from sandbox.progress import silent

CREATED = "2024-01-01T00:00:00Z"  # for all images, so that the same content has the same digest


class ImageStore:
    """An OCI image layout whose index maps normalised names to manifests."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.blobs = Blobs(path)
        self._index = path / "index.json"

    def names(self) -> list[str]:
        """The full names of all images."""
        return sorted(map(str, self.entries()))

    def entries(self) -> dict[ImageName, oci.Descriptor]:
        """The manifest behind each name."""
        try:
            index = msgspec.json.decode(self._index.read_bytes(), type=oci.Index)
        except FileNotFoundError:
            return {}
        except msgspec.MsgspecError as error:
            raise SandboxError(f"{self._index} is damaged ({error}); remove {self.path} and try again") from error
        return {parse_image_name(entry.annotations[oci.IMAGE_NAME]): entry for entry in index.manifests}

    def add(self, names: Iterable[str], layers: Sequence[Path], config: Mapping[str, object]) -> None:
        """Store an image made of tar files; `config` is how to run it: Entrypoint, Cmd, Env, User, WorkingDir..."""
        images = [parse_image_name(name) for name in names]
        with self._changing():
            blobs = [self.blobs.adopt(layer) for layer in layers]
            manifest = self._put_manifest(blobs, config)
            self._publish(dict.fromkeys(images, manifest))

    def load(self, archive: Path) -> list[str]:
        """Store the images of a docker-archive or oci-archive tar; returns their full names."""
        if not archive.is_file():
            raise SandboxError(f"{archive} is no file; {HOW_TO_WRITE}")
        with self._changing():
            images = read_archive(archive, self.blobs, architecture())
            self._publish(images)
        return sorted(map(str, images))

    def export(self, name: str, target: Path) -> None:
        """Write one image as a tar that `ctr images import` takes."""
        wanted = parse_image_name(name)
        with self._changing():
            entry = self.entries().get(wanted)
            if entry is None:
                raise SandboxError(f"no image {wanted} in {self.path}; it has {', '.join(self.names()) or 'none'}")
            write_archive(target, entry, self.blobs)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the store alone: no blob is swept while somebody else needs it."""
        with (
            disk_errors.explained(self.path),
            exclusive(self.path / "lock", doing=f"changing the images in {self.path}", progress=silent),
        ):
            yield

    def _put_json(self, media_type: str, value: object) -> oci.Descriptor:
        blob = self.blobs.put(io.BytesIO(msgspec.json.encode(value, order="sorted")))
        return oci.Descriptor(media_type, blob.digest, blob.size)

    def _put_manifest(self, layers: Sequence[Blob], config: Mapping[str, object]) -> oci.Descriptor:
        image = {
            "architecture": architecture(),
            "os": "linux",
            "created": CREATED,
            "config": dict(config),
            "rootfs": oci.RootFilesystem([layer.digest for layer in layers]),
            "history": [{"created": CREATED, "created_by": "sandbox"} for _ in layers],
        }
        described = [oci.Descriptor(oci.LAYER, layer.digest, layer.size) for layer in layers]
        return self._put_json(oci.MANIFEST, oci.Manifest(self._put_json(oci.CONFIG, image), described))

    def _publish(self, images: Mapping[ImageName, oci.Descriptor]) -> None:
        """Make the names lead to these manifests, by one rename."""
        named = {**self.entries(), **{name: _named(entry, name) for name, entry in images.items()}}
        index = oci.Index([named[name] for name in sorted(named, key=str)])
        (self.path / "oci-layout").write_bytes(oci.LAYOUT)
        draft = self._index.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(index))
        draft.rename(self._index)
        self.blobs.sweep({digest for entry in index.manifests for digest in self._reachable(entry)})

    def _reachable(self, entry: oci.Descriptor) -> list[str]:
        manifest = msgspec.json.decode(self.blobs.read(entry.digest), type=oci.Manifest)
        return [entry.digest, *(part.digest for part in oci.parts(manifest))]


def _named(entry: oci.Descriptor, name: ImageName) -> oci.Descriptor:
    return oci.Descriptor(
        entry.media_type,
        entry.digest,
        entry.size,
        annotations={oci.IMAGE_NAME: str(name), oci.REF_NAME: name.tag},
    )
