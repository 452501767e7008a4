"""The virtual cluster's authorities, and the certificates that the controller signs with them.

Promises: authorities are made once and never again, for everything in the cluster hangs on them; a certificate stays
as it is until two thirds of its life are over, or it is not what it should be: other authority or names, unreadable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from kube.certificates import KeyPair, Subject, Usage, issue, new_authority, new_rsa_key

# The pairs that K3s wants, by the names of its files; the two of etcd lie in a folder of their own.
SERVER_CA, CLIENT_CA, REQUEST_HEADER_CA = "server-ca", "client-ca", "request-header-ca"
ETCD_SERVER_CA, ETCD_PEER_CA = "etcd-server-ca", "etcd-peer-ca"
AUTHORITIES = (SERVER_CA, CLIENT_CA, REQUEST_HEADER_CA, ETCD_SERVER_CA, ETCD_PEER_CA)
SERVICE_KEY = "service.key"  # signs the tokens of service accounts

LIFETIME = timedelta(days=365)
_READ_ERRORS = (ValueError, TypeError, KeyError, InvalidSignature, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A certificate as it should be."""

    subject: Subject
    usages: Sequence[Usage]
    names: Sequence[str] = ()  # DNS names and IP addresses at which it serves


def new_authorities(cluster: str, now: datetime) -> dict[str, bytes]:
    """Make all authorities, and the key of service accounts: the files that K3s starts with."""
    files: dict[str, bytes] = {}
    for name in AUTHORITIES:
        pair = new_authority(f"{cluster}-{name}", now=now)
        files |= {f"{name}.crt": pair.certificate, f"{name}.key": pair.key}
    # RSA, as K3s' own: not everybody who verifies such tokens knows elliptic curves.
    return files | {SERVICE_KEY: new_rsa_key()}


def authority(files: Mapping[str, bytes], name: str) -> KeyPair:
    """Return one of the pairs. Raises KeyError."""
    return KeyPair(files[f"{name}.crt"], files[f"{name}.key"])


def keep_or_issue(current: KeyPair | None, issuer: KeyPair, wanted: Wanted, now: datetime) -> KeyPair:
    """Return the current pair if it still does, otherwise a new one."""
    if current is not None and _serves(current, issuer, wanted) and now < renewal(current.certificate):
        return current
    return issue(issuer, wanted.subject, usages=wanted.usages, names=wanted.names, now=now, lifetime=LIFETIME)


def renewal(certificate: bytes) -> datetime:
    """Return when two thirds of its life are over. Raises ValueError."""
    read = x509.load_pem_x509_certificate(certificate)
    return read.not_valid_before_utc + (read.not_valid_after_utc - read.not_valid_before_utc) * 2 / 3


def wrong_with_authority(certificate: bytes | None, key: bytes | None, now: datetime) -> str:
    """Return why the pair cannot be an authority, and what to do; empty if it can."""
    if not certificate or not key:
        return "has no tls.crt or no tls.key; put both there"
    try:
        read = x509.load_pem_x509_certificate(certificate)
        is_pair = _has_key(read, key)
    except _READ_ERRORS:
        return "tls.crt or tls.key cannot be read; they have to be PEM, and the key without a passphrase"
    if not is_pair:
        return "tls.key is not the key of the first certificate in tls.crt; put the authority that signs first"
    if not _may_sign(read):
        return "tls.crt is no certificate of an authority; it needs CA:true and the usage keyCertSign"
    if not read.not_valid_before_utc <= now < read.not_valid_after_utc:
        return f"tls.crt is valid from {read.not_valid_before_utc} to {read.not_valid_after_utc} only; renew it"
    return ""


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        return is_ca and certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return False


def _has_key(certificate: x509.Certificate, key: bytes) -> bool:
    public = load_pem_private_key(key, None).public_key()
    return _in_der(public) == _in_der(certificate.public_key())


def _in_der(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _serves(current: KeyPair, issuer: KeyPair, wanted: Wanted) -> bool:
    """Tell whether the pair is readable, of this issuer, and for this subject and at least these names."""
    try:
        leaf = x509.load_pem_x509_certificate(current.certificate)
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(issuer.certificate))
        has_its_key = _has_key(leaf, current.key)
    except _READ_ERRORS:
        return False
    return has_its_key and _said_of(leaf) == wanted.subject and _names(leaf) == set(wanted.names)


def _said_of(leaf: x509.Certificate) -> Subject:
    texts = {oid: [str(each.value) for each in leaf.subject.get_attributes_for_oid(oid)] for oid in _PARTS}
    return Subject(next(iter(texts[NameOID.COMMON_NAME]), ""), tuple(texts[NameOID.ORGANIZATION_NAME]))


_PARTS = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)


def _names(leaf: x509.Certificate) -> set[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return {*names.get_values_for_type(x509.DNSName), *addresses}
