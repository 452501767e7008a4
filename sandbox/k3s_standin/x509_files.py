"""Certificate authorities and what they sign, as PEM files; authorities may be RSA or ECDSA, ours are ECDSA.

It makes do with the `cryptography` of Debian 12, which knows expiry in UTC only without saying so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFETIME, LEAF_LIFETIME = timedelta(days=3650), timedelta(days=365)
RENEWED = timedelta(days=120)  # before expiry, at a start
SKEW = timedelta(minutes=5)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Leaf:
    """Whom a certificate speaks for, and at which names."""

    name: str
    organization: str = ""
    names: Sequence[str] = ()
    usages: Sequence[x509.ObjectIdentifier] = (CLIENT,)

    def subject(self) -> x509.Name:
        groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization)] if self.organization else []
        return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    def general_names(self) -> list[x509.GeneralName]:
        return [_general_name(name) for name in dict.fromkeys(self.names)]


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority, read once: `chain` is the file as it is, its first certificate the one that signs."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: bytes


def read_authority(certificate: Path, key: Path) -> Authority:
    chain = certificate.read_bytes()
    return Authority(x509.load_pem_x509_certificate(chain), _load_key(key.read_bytes()), chain)


def write_authority(certificate: Path, key: Path, name: str) -> None:
    """Make a self-signed authority."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
    )
    _write(certificate, key, _sign(builder, private), private)


def write_leaf(certificate: Path, key: Path, leaf: Leaf, authority: Authority) -> None:
    """Issue a certificate, followed by its authority's chain in the file, unless what is there still does."""
    if certificate.exists() and key.exists() and still_does(certificate.read_bytes(), leaf, authority):
        return
    private = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(
            authority.certificate.subject, leaf.subject(), private.public_key(), x509.random_serial_number()
        )
        .not_valid_before(now - SKEW)
        .not_valid_after(min(now + LEAF_LIFETIME, expiry(authority.certificate)))
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(leaf.usages), critical=False)
        .add_extension(_authority_id(authority), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
    )
    if leaf.names:
        builder = builder.add_extension(x509.SubjectAlternativeName(leaf.general_names()), critical=False)
    _write(certificate, key, _sign(builder, authority.key) + authority.chain, private)


def still_does(pem: bytes, leaf: Leaf, authority: Authority) -> bool:
    """Whether a certificate says what is wanted, by the same authority, and for long enough."""
    found = x509.load_pem_x509_certificate(pem)
    try:
        names = set(found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        names = set()
    signer = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    return (
        found.subject == leaf.subject()
        and names.issuperset(leaf.general_names())
        and signer == _authority_id(authority)
        and expiry(found) - datetime.now(UTC) > RENEWED
    )


def expiry(certificate: x509.Certificate) -> datetime:
    newer: datetime | None = getattr(certificate, "not_valid_after_utc", None)
    return newer or certificate.not_valid_after.replace(tzinfo=UTC)


def write_key(path: Path) -> None:
    """A private key alone, RSA: what signs the tokens of ServiceAccounts."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_private(path, _pem(private))


def first_key(pem: bytes) -> bytes:
    """The first of several private keys in a file."""
    mark = b"-----END"
    end = pem.index(b"\n", pem.index(mark)) + 1 if pem.count(mark) > 1 else len(pem)
    return pem[:end]


def write_private(path: Path, content: bytes) -> None:
    """Readable by its owner only, and there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.rename(path)


def _authority_id(authority: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _sign(builder: x509.CertificateBuilder, key: PrivateKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _write(certificate: Path, key: Path, pem: bytes, private: PrivateKey) -> None:
    write_private(key, _pem(private))
    write_private(certificate, pem)


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _load_key(pem: bytes) -> PrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError("the key is neither RSA nor ECDSA")
    return key
