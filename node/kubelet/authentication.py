"""Who asks, by the certificate that the connection was opened with."""

import ssl
from typing import Protocol

from aiohttp import web

from kube.clock import Clock
from node.kubelet.users import User


class Authenticator(Protocol):
    async def user(self, request: web.Request) -> User | None:
        """Who sent the request; None if that cannot be told by what it brings. Raises CannotTell."""


class Authorities(Protocol):
    def vouch_for(self, connection: ssl.SSLObject) -> bool:
        """Whether the certificate that the client opened the connection with is signed by today's authorities."""


class ClientCertificates:
    """Whoever shows a certificate is the one that it names: TLS has verified it when the connection was opened.

    Connections outlive certificates and authorities, so that these are looked at again with every request.
    """

    def __init__(self, authorities: Authorities, clock: Clock) -> None:
        self._authorities = authorities
        self._clock = clock

    async def user(self, request: web.Request) -> User | None:
        certificate = request.get_extra_info("peercert")
        if not certificate or not self._holds(request, certificate["notAfter"]):
            return None
        subject = [attribute for part in certificate["subject"] for attribute in part]
        names = [value for kind, value in subject if kind == "commonName"]
        groups = tuple(value for kind, value in subject if kind == "organizationName")
        return User(names[-1], groups) if names else None  # of several names Kubernetes reads the last one

    def _holds(self, request: web.Request, not_after: str) -> bool:
        if ssl.cert_time_to_seconds(not_after) <= self._clock.utcnow().timestamp():
            return False
        return self._authorities.vouch_for(request.get_extra_info("ssl_object"))
