import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from kube.tls import TlsMaterial, client_context
from tests.unit.kube.identities import authority, client

CA = authority().certificate


def encrypted(key: bytes) -> bytes:
    return serialization.load_pem_private_key(key, password=None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


def test_only_the_given_authorities_are_trusted() -> None:
    context = client_context(TlsMaterial(CA))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert [each["subject"] for each in context.get_ca_certs()] == [((("commonName", "test"),),)]


def test_verification_is_left_out_only_when_asked() -> None:
    context = client_context(TlsMaterial(verify=False))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_certificate_is_loaded_from_memory_and_leaves_no_file_open() -> None:
    pair = client("somebody")
    before = sorted(path.name for path in Path("/proc/self/fd").iterdir())
    client_context(TlsMaterial(CA, pair.certificate, pair.key))
    assert sorted(path.name for path in Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize(
    "material",
    [
        pytest.param(TlsMaterial(CA, client("one").certificate, client("other").key), id="a key of another pair"),
        pytest.param(TlsMaterial(CA, client("one").certificate), id="no key"),
        pytest.param(TlsMaterial(CA, b"nonsense", client("one").key), id="a certificate that is none"),
        pytest.param(TlsMaterial(CA, client("one").certificate, encrypted(client("one").key)), id="an encrypted key"),
        pytest.param(TlsMaterial(b"nonsense"), id="authorities that are none"),
        pytest.param(TlsMaterial(b"\xff"), id="authorities that are no text"),
        pytest.param(TlsMaterial(b""), id="empty authorities"),
    ],
)
def test_what_cannot_work_is_refused(material: TlsMaterial) -> None:
    with pytest.raises((OSError, ValueError)):
        client_context(material)
