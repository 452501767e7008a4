"""The token of a cluster: `K10<hash of the authority>::server:<password>`, or the password alone.

The hash is over the file of server-ca.crt if that is one certificate, else over its last one, the root.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from sandbox.k3s_standin.errors import FatalError

_FULL = re.compile(r"K10(?P<hash>[0-9a-f]{64})::(?:(?P<user>[^:]*):)?(?P<password>.+)")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """What was given as a token; `authority` is empty where that was a password alone."""

    password: str
    authority: str = ""

    def check(self, server_ca: bytes) -> None:
        """Refuse a cluster whose authority is not the one that the token names."""
        found = authority_hash(server_ca)
        if self.authority and self.authority != found:
            raise FatalError(
                f"token CA hash does not match the Cluster CA certificate hash: {self.authority} != {found}"
            )


def parse(text: str) -> Token:
    text = text.strip()
    if not text.startswith("K10"):
        return Token(text)
    match = _FULL.fullmatch(text)
    if match is None:
        raise FatalError(
            "failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>"
        )
    return Token(match["password"], match["hash"])


def full(password: str, server_ca: bytes) -> str:
    return f"K10{authority_hash(server_ca)}::server:{password}"


def authority_hash(server_ca: bytes) -> str:
    certificates = _CERTIFICATE.findall(server_ca)
    if len(certificates) == 1:
        return hashlib.sha256(server_ca).hexdigest()
    return hashlib.sha256(base64.b64decode(certificates[-1])).hexdigest()
