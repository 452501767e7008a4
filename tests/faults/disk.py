"""A small disk for a daemon's logs, which can be full: a file system in memory, seen by this machine alone."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = 64 << 20
CHUNK = 1 << 20
FILLER = "filler"


@dataclass(frozen=True, slots=True)
class Disk:
    folder: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """No byte more can be written to any file on it."""
        filler = self.folder / FILLER
        try:
            with filler.open("wb", buffering=0) as file:
                for size in (CHUNK, 4096, 1):
                    _write_until_full(file.write, b"\0" * size)
            yield
        finally:
            filler.unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Mount one at `folder`, which is made; needs root, as the sandbox does."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _write_until_full(write: Callable[[bytes], int | None], data: bytes) -> None:
    try:
        while write(data) == len(data):
            pass
    except OSError:
        return
