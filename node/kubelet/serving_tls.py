"""The server's TLS, from files that are replaced while it serves.

Promises: a new connection uses what the files hold (looked at every few seconds); old ones keep what they began with;
files that are half-written, or do not belong together, change nothing until they do. A client may come without a
certificate (it is then nobody), never with one that the client authorities did not sign.
"""

import ssl
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from kube.certificates import expiry
from kube.clock import Clock
from kube.errors import CredentialsError
from kube.reloading import Read, Reloading
from kube.tls import load_pair


class ServingTls:
    """Raises CredentialsError if the files are no good at the start."""

    def __init__(self, certificate: Path, key: Path, client_authorities: Path, clock: Clock) -> None:
        self._certificate = certificate
        self._key = key
        self._client_authorities = client_authorities
        self._contexts = Reloading(self._load, clock)

    def context(self) -> ssl.SSLContext:
        """The context to listen with; each handshake then switches to the newest one."""
        # Loading another certificate into a context in use would break it, should its key not fit.
        listening = self._contexts.current()
        listening.sni_callback = self._switch  # called for every handshake, also when the client names no server
        return listening

    def _switch(self, connection: ssl.SSLObject, _name: str | None, _listening: ssl.SSLContext) -> None:
        connection.context = self._contexts.current()

    def expires(self) -> float:
        """Return the timestamp at which the newest certificate ends."""
        return self._contexts.current().expires

    def vouch_for(self, connection: ssl.SSLObject) -> bool:
        """Whether the client's certificate is signed by today's authorities, on a connection that may be hours old."""
        current, opened_with = self._contexts.current(), connection.context
        if isinstance(opened_with, _Context) and opened_with.authorities == current.authorities:
            return True
        certificate = connection.getpeercert(binary_form=True)
        return certificate is not None and _is_signed_by(certificate, current.authorities)

    def _load(self, read: Read) -> "_Context":
        context = _Context(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.verify_mode = ssl.CERT_OPTIONAL
        # An authority may be an intermediate one whose root is not in the file, as for programs written in Go.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            certificate = read(self._certificate)
            load_pair(context, certificate, read(self._key))
            context.expires = expiry(certificate)
            context.authorities = read(self._client_authorities)
            context.load_verify_locations(cadata=context.authorities.decode("ascii"))
        except (OSError, ValueError) as error:
            files = f"{self._certificate}, {self._key}, {self._client_authorities}"
            raise CredentialsError(f"no use for TLS: {files}: {error}") from error
        return context


class _Context(ssl.SSLContext):
    """Knows which authorities its clients' certificates are signed by, and when its own certificate ends."""

    authorities: bytes = b""
    expires: float = 0.0


def _is_signed_by(certificate: bytes, authorities: bytes) -> bool:
    """Whether one of the authorities signed it itself; whoever has an intermediate one's connects anew."""
    leaf = x509.load_der_x509_certificate(certificate)
    for authority in x509.load_pem_x509_certificates(authorities):
        try:
            leaf.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False
