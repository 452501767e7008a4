import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.blobs import Blobs, write_digest
from sandbox.errors import SandboxError


@settings(deadline=None)
@given(content=st.binary(max_size=100))
def test_a_blob_is_found_under_its_digest(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    blobs = Blobs(tmp_path_factory.mktemp("layout"))
    blob = blobs.put(io.BytesIO(content))
    assert blobs.read(blob.digest) == content
    assert blob.size == len(content)


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    assert blobs.put(io.BytesIO(b"a")) == blobs.put(io.BytesIO(b"a"))
    assert len(list((tmp_path / "blobs/sha256").iterdir())) == 1


def test_a_sweep_leaves_only_what_is_kept(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    kept, dropped = blobs.put(io.BytesIO(b"kept")), blobs.put(io.BytesIO(b"dropped"))
    leftover = tmp_path / "blobs/sha256/.unfinished-x"
    leftover.touch()
    blobs.sweep({kept.digest})
    assert blobs.path(kept.digest).exists()
    assert not blobs.path(dropped.digest).exists()
    assert not leftover.exists()


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../etc/passwd", "md5:" + "0" * 64, "sha256:" + "A" * 64])
def test_what_is_no_digest_leads_nowhere(tmp_path: Path, digest: str) -> None:
    with pytest.raises(SandboxError, match="is no digest"):
        Blobs(tmp_path).path(digest)


@pytest.mark.parametrize("is_noted", [pytest.param(False, id="digest-unknown"), pytest.param(True, id="digest-noted")])
def test_a_file_is_adopted_under_its_digest(tmp_path: Path, is_noted: bool) -> None:
    file = tmp_path / "layer.tar"
    file.write_bytes(b"content")
    if is_noted:
        write_digest(file)
    blobs = Blobs(tmp_path / "layout")
    blob = blobs.adopt(file)
    assert blobs.adopt(file) == blob == Blobs(tmp_path / "other").put(io.BytesIO(b"content"))
    assert blobs.read(blob.digest) == b"content"
    assert blobs.path(blob.digest).samefile(file) is is_noted


def test_what_was_adopted_outlives_the_sweep_that_forgets_it(tmp_path: Path) -> None:
    file = tmp_path / "layer.tar"
    file.write_bytes(b"content")
    write_digest(file)
    blobs = Blobs(tmp_path / "layout")
    blobs.adopt(file)
    blobs.sweep(set())
    assert file.read_bytes() == b"content"
