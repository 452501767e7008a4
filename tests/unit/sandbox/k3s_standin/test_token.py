"""Tokens are read and written as the real ones are."""

import hashlib
import ssl
from pathlib import Path

import pytest

from sandbox.k3s_standin import token, x509_files
from sandbox.k3s_standin.errors import FatalError


@pytest.fixture
def server_ca(tmp_path: Path) -> bytes:
    x509_files.write_authority(tmp_path / "ca.crt", tmp_path / "ca.key", "ca")
    return (tmp_path / "ca.crt").read_bytes()


def test_a_full_token_leads_back_to_its_password(server_ca: bytes) -> None:
    read = token.parse(token.full("pass:word", server_ca))
    assert read.password == "pass:word"  # noqa: S105 - of nothing
    read.check(server_ca)


def test_a_single_authority_is_known_by_its_file(server_ca: bytes) -> None:
    assert token.authority_hash(server_ca) == hashlib.sha256(server_ca).hexdigest()


def test_a_chain_is_known_by_its_root(server_ca: bytes, tmp_path: Path) -> None:
    x509_files.write_authority(tmp_path / "root.crt", tmp_path / "root.key", "root")
    root = (tmp_path / "root.crt").read_bytes()
    assert token.authority_hash(server_ca + root) == hashlib.sha256(_der(root)).hexdigest()


def test_a_password_alone_fits_every_authority(server_ca: bytes) -> None:
    token.parse("secret\n").check(server_ca)


@pytest.mark.parametrize(
    "text", [pytest.param("K10abc::server:x", id="short-hash"), pytest.param("K10" + "0" * 64, id="no-password")]
)
def test_what_begins_like_a_full_token_has_to_be_one(text: str) -> None:
    with pytest.raises(FatalError, match="failed to normalize server token"):
        token.parse(text)


def test_another_clusters_token_is_refused(server_ca: bytes) -> None:
    with pytest.raises(FatalError, match="does not match the Cluster CA certificate hash"):
        token.parse(f"K10{'0' * 64}::server:secret").check(server_ca)


def _der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode())
