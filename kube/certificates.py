"""Certificate authorities and the certificates they sign, for clusters whose PKI is ours.

Keys are ECDSA P-256, so that making one blocks nobody; authorities of others may have RSA keys. Certificates
carry the key identifiers that strict verifiers (Python 3.13, OpenSSL -x509_strict) want, and are valid from five
minutes ago, for peers whose clock is late.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLOCK_SKEW = timedelta(minutes=5)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Usage = Literal["server", "client"]
USAGES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate speaks for: Kubernetes reads the user from the name and the groups from the organizations."""

    name: str
    organizations: Sequence[str] = ()

    def x509_name(self) -> x509.Name:
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in self.organizations]
        return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, self.name)])


def new_key() -> bytes:
    """A private key, PEM in the SEC 1 form that every version of Kubernetes reads."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def new_rsa_key() -> bytes:
    """A private key for those who know no other; takes a tenth of a second to make."""
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def public_key(key: bytes) -> bytes:
    """The public half of a private key, PEM."""
    return (
        _load_key(key)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def new_authority(name: str, *, now: datetime, lifetime: timedelta = timedelta(days=3650)) -> KeyPair:
    """A self-signed certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = Subject(name).x509_name()
    builder = (
        _builder(subject, key.public_key(), _validity(now, lifetime))
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    return KeyPair(_sign(builder, key), _pem(key))


def issue(
    authority: KeyPair,
    subject: Subject,
    *,
    usages: Iterable[Usage],
    now: datetime,
    names: Sequence[str] = (),
    lifetime: timedelta = timedelta(days=365),
) -> KeyPair:
    """A certificate signed by the authority, with a key of its own; `names` are DNS names or IP addresses."""
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    issuer_key = _load_key(authority.key)
    key = ec.generate_private_key(ec.SECP256R1())
    lasts_until = min(now + lifetime, issuer.not_valid_after_utc)
    builder = (
        _builder(subject.x509_name(), key.public_key(), (now - CLOCK_SKEW, lasts_until))
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([USAGES[usage] for usage in usages]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_san(each) for each in names]), critical=False)
    return KeyPair(_sign(builder, issuer_key), _pem(key))


def expiry(certificate: bytes) -> float:
    """Return the timestamp at which the first certificate of a PEM file ends. Raises ValueError."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc.timestamp()


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, validity: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _validity(now: datetime, lifetime: timedelta) -> tuple[datetime, datetime]:
    return now.astimezone(UTC) - CLOCK_SKEW, now.astimezone(UTC) + lifetime


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _sign(builder: x509.CertificateBuilder, key: PrivateKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _load_key(pem: bytes) -> PrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, PrivateKey):
        raise TypeError("the key is neither an ECDSA nor an RSA key")
    return key
