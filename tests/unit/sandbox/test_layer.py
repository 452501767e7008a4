import os
import tarfile
from pathlib import Path

from sandbox.layer import write_layer


def make_tree(root: Path, *, modified: float, reverse: bool) -> None:
    root.mkdir()
    for name in sorted(["b", "a", "c/d"], reverse=reverse):
        file = root / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)
        os.utime(file, (modified, modified))
    (root / "link").symlink_to("c")


def test_the_same_files_give_the_same_bytes_whenever_they_were_made(tmp_path: Path) -> None:
    make_tree(tmp_path / "one", modified=1, reverse=False)
    make_tree(tmp_path / "other", modified=2_000_000_000, reverse=True)
    for name in ("one", "other"):
        write_layer(tmp_path / name, tmp_path / f"{name}.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "other.tar").read_bytes()


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    make_tree(tmp_path / "root", modified=1, reverse=False)
    write_layer(tmp_path / "root", tmp_path / "layer.tar")
    with tarfile.open(tmp_path / "layer.tar") as tar:
        assert tar.getnames() == ["a", "b", "c", "c/d", "link"]
        assert tar.getmember("link").linkname == "c"
