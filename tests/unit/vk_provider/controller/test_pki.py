from datetime import timedelta

import pytest
from cryptography import x509

from kube.certificates import KeyPair, Subject, issue, new_key
from tests.first_answers import NOW, own_authorities
from vk_provider.controller import pki
from vk_provider.controller.pki import Wanted, keep_or_issue, renewal, wrong_with_authority

SERVER_CA = pki.authority(own_authorities(), pki.SERVER_CA)
CLIENT_CA = pki.authority(own_authorities(), pki.CLIENT_CA)
NODE = Wanted(subject=Subject("system:node:demo", ("system:nodes",)), usages=("server",), names=("demo", "10.0.0.1"))
PAIR = keep_or_issue(None, SERVER_CA, NODE, NOW)


def test_there_is_every_file_that_k3s_starts_with() -> None:
    pairs = {f"{name}.{end}" for name in pki.AUTHORITIES for end in ("crt", "key")}
    assert set(own_authorities()) == {*pairs, "service.key"}


def test_no_two_authorities_are_one() -> None:
    certificates = [x509.load_pem_x509_certificate(own_authorities()[f"{name}.crt"]) for name in pki.AUTHORITIES]
    assert len({each.subject for each in certificates}) == len(pki.AUTHORITIES)


def test_service_account_tokens_are_signed_with_rsa() -> None:
    assert own_authorities()["service.key"].startswith(b"-----BEGIN RSA PRIVATE KEY-----")


@pytest.mark.parametrize("days", [0, 1, 200, 242])
def test_a_certificate_stays_for_two_thirds_of_its_life(days: int) -> None:
    assert keep_or_issue(PAIR, SERVER_CA, NODE, NOW + timedelta(days=days)) is PAIR


def test_then_it_is_renewed_long_before_it_ends() -> None:
    then = renewal(PAIR.certificate)
    renewed = keep_or_issue(PAIR, SERVER_CA, NODE, then)
    assert renewed != PAIR
    assert x509.load_pem_x509_certificate(PAIR.certificate).not_valid_after_utc - then > timedelta(days=120)
    assert renewal(renewed.certificate) > then + timedelta(days=240)


@pytest.mark.parametrize(
    ("current", "issuer", "wanted"),
    [
        pytest.param(None, SERVER_CA, NODE, id="none yet"),
        pytest.param(PAIR, CLIENT_CA, NODE, id="another authority"),
        pytest.param(PAIR, SERVER_CA, Wanted(subject=NODE.subject, usages=("server",), names=("demo",)), id="names"),
        pytest.param(PAIR, SERVER_CA, Wanted(subject=Subject("x"), usages=("server",), names=NODE.names), id="subject"),
        pytest.param(KeyPair(PAIR.certificate, new_key()), SERVER_CA, NODE, id="another's key"),
        pytest.param(KeyPair(b"nonsense", PAIR.key), SERVER_CA, NODE, id="unreadable certificate"),
        pytest.param(KeyPair(PAIR.certificate, b""), SERVER_CA, NODE, id="unreadable key"),
    ],
)
def test_what_is_not_as_it_should_be_is_issued_anew(current: KeyPair | None, issuer: KeyPair, wanted: Wanted) -> None:
    issued = keep_or_issue(current, issuer, wanted, NOW)
    assert issued != current
    assert keep_or_issue(issued, issuer, wanted, NOW) is issued


LEAF = issue(SERVER_CA, Subject("leaf"), usages=("server",), now=NOW)


@pytest.mark.parametrize(
    ("certificate", "key", "why"),
    [
        pytest.param(None, SERVER_CA.key, "put both there", id="no certificate"),
        pytest.param(SERVER_CA.certificate, None, "put both there", id="no key"),
        pytest.param(b"nonsense", SERVER_CA.key, "cannot be read", id="nonsense"),
        pytest.param(SERVER_CA.certificate, CLIENT_CA.key, "not the key of the first", id="another's key"),
        pytest.param(
            CLIENT_CA.certificate + SERVER_CA.certificate, SERVER_CA.key, "signs first", id="order of a chain"
        ),
        pytest.param(LEAF.certificate, LEAF.key, "CA:true", id="no authority"),
    ],
)
def test_what_cannot_be_an_authority_is_told(certificate: bytes | None, key: bytes | None, why: str) -> None:
    assert why in wrong_with_authority(certificate, key, NOW)


def test_an_authority_that_is_over_is_told() -> None:
    assert "renew it" in wrong_with_authority(SERVER_CA.certificate, SERVER_CA.key, NOW + timedelta(days=4000))


def test_a_chain_is_an_authority_if_the_one_that_signs_is_first() -> None:
    assert wrong_with_authority(SERVER_CA.certificate + CLIENT_CA.certificate, SERVER_CA.key, NOW) == ""
