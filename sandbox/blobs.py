"""Content-addressed files: a blob is there whole under its digest, or it is not there."""

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandbox.errors import SandboxError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHUNK = 1 << 20
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class Blob:
    """What is known of a blob once it is stored."""

    digest: str
    size: int


class Blobs:
    """The `blobs` folder of an OCI image layout."""

    def __init__(self, layout: Path) -> None:
        self._folder = layout / "blobs" / "sha256"

    def path(self, digest: str) -> Path:
        """Where the blob is if it is there."""
        if not _DIGEST.fullmatch(digest):
            raise SandboxError(f"{digest!r} is no digest; write it like sha256: and 64 hexadecimal digits")
        return self._folder / digest.removeprefix("sha256:")

    def read(self, digest: str) -> bytes:
        """The content of a small blob."""
        return self.path(digest).read_bytes()

    def put(self, source: IO[bytes]) -> Blob:
        """Store what `source` yields."""
        self._folder.mkdir(parents=True, exist_ok=True)
        checksum, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=_UNFINISHED, delete=False) as draft:
            while chunk := source.read(_CHUNK):
                checksum.update(chunk)
                size += len(chunk)
                draft.write(chunk)
        blob = Blob(f"sha256:{checksum.hexdigest()}", size)
        Path(draft.name).rename(self.path(blob.digest))
        return blob

    def adopt(self, file: Path) -> Blob:
        """Store a file that never changes again, where that can be without copying it.

        Its digest is believed if it lies beside it, as `write_digest` leaves it.
        """
        with contextlib.suppress(FileNotFoundError):
            blob = Blob(_digest_file(file).read_text(), file.stat().st_size)
            if not self.path(blob.digest).exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    try:
                        os.link(file, self.path(blob.digest))
                    except OSError:  # another file system
                        return self._copy(file)
            return blob
        return self._copy(file)

    def _copy(self, file: Path) -> Blob:
        with file.open("rb") as source:
            return self.put(source)

    def sweep(self, keep: Collection[str]) -> None:
        """Remove every blob that is not in `keep`, and what interrupted writers left. The caller holds the lock."""
        kept = {digest.removeprefix("sha256:") for digest in keep}
        for file in self._folder.iterdir():
            if file.name not in kept:
                file.unlink()


def write_digest(file: Path) -> None:
    """Note a file's digest beside it, so that nobody has to read the whole file for it again."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    _digest_file(file).write_text(f"sha256:{digest}")


def _digest_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.digest")
