"""An image layer from a directory: the same files give the same bytes, whenever and wherever the tar is written."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

MODIFIED = 1704067200  # 2024-01-01, of every file


def write_layer(root: Path, target: Path) -> None:
    """Write everything below `root` as a tar."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in _below(root):
            tar.add(path, arcname=str(path.relative_to(root)), recursive=False, filter=_undated)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


def _undated(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = MODIFIED
    member.uname = member.gname = ""  # what this machine calls a user says nothing inside the image
    return member
