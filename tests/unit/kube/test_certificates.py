import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kube import certificates
from kube.certificates import KeyPair, Subject

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KUBELET = Subject("system:node:one", ("system:nodes",))


@pytest.fixture(scope="module")
def authority() -> KeyPair:
    return certificates.new_authority("tenant-ca", now=NOW)


def read(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate)


def test_a_certificate_says_whom_it_speaks_for_and_where_it_serves(authority: KeyPair) -> None:
    leaf = read(
        certificates.issue(authority, KUBELET, usages=("server",), now=NOW, names=["one", "10.0.0.1", "fd00::1"])
    )
    subject = leaf.subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "system:node:one"
    assert [each.value for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["system:nodes"]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["one"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("10.0.0.1"), ip_address("fd00::1")]


def test_a_certificate_is_good_for_what_it_was_made_for_only(authority: KeyPair) -> None:
    leaf = read(certificates.issue(authority, KUBELET, usages=("client",), now=NOW))
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_it_is_valid_for_a_peer_whose_clock_is_late_and_never_longer_than_its_authority(authority: KeyPair) -> None:
    leaf = read(certificates.issue(authority, KUBELET, usages=("client",), now=NOW, lifetime=timedelta(days=99999)))
    assert leaf.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert leaf.not_valid_after_utc == read(authority).not_valid_after_utc


def test_it_was_issued_by_its_authority_and_no_other(authority: KeyPair) -> None:
    leaf = read(certificates.issue(authority, KUBELET, usages=("client",), now=NOW))
    leaf.verify_directly_issued_by(read(authority))
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(read(certificates.new_authority("tenant-ca", now=NOW)))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program on this machine")
def test_strict_verifiers_accept_it(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = certificates.new_authority("tenant-ca", now=now)
    leaf = certificates.issue(authority, KUBELET, usages=("server", "client"), now=now, names=["one"])
    (tmp_path / "ca").write_bytes(authority.certificate)
    (tmp_path / "leaf").write_bytes(leaf.certificate)
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "ca"), str(tmp_path / "leaf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_public_key_is_that_of_its_private_key() -> None:
    key = certificates.new_key()
    assert certificates.public_key(key) == certificates.public_key(key)
    assert certificates.public_key(key) != certificates.public_key(certificates.new_key())
