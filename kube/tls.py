"""TLS settings of a client, from PEM that is held in memory: no private key touches a disk."""

import os
import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """PEM; without `authorities` the system's are trusted."""

    authorities: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    verify: bool = True


def client_context(material: TlsMaterial) -> ssl.SSLContext:
    """Build a context; raises OSError or ValueError for what is no PEM, or a key of another certificate."""
    authorities = None if material.authorities is None else material.authorities.decode("ascii")
    if authorities == "":
        raise ValueError("no authorities to trust")  # instead of all those of the system, as Python takes it
    context = ssl.create_default_context(cadata=authorities)
    # Cluster authorities often lack the key identifiers that Python 3.13 insists on by default.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not material.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if material.certificate is not None:
        load_pair(context, material.certificate, material.key or b"")
    return context


def load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load the pair from anonymous memory: OpenSSL takes file names only."""
    descriptor = os.memfd_create("client-certificate")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(certificate + b"\n" + key)
        # An empty password makes an encrypted key an error; without one OpenSSL would ask on the terminal.
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password="")
    finally:
        os.close(descriptor)
