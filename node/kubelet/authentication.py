"""Who asks. Nobody unknown gets an answer, whatever the question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: Sequence[str]


USER = web.RequestKey("user", User)


class Authenticator(Protocol):
    async def user(self, request: web.Request) -> User | None:
        """Who sent the request; None if that cannot be told."""


class ClientCertificates:
    """Whoever shows a certificate is the one that it names: TLS has verified it already."""

    async def user(self, request: web.Request) -> User | None:
        certificate = request.get_extra_info("peercert")
        if not certificate:
            return None
        subject = [attribute for part in certificate["subject"] for attribute in part]
        names = [value for kind, value in subject if kind == "commonName"]
        groups = [value for kind, value in subject if kind == "organizationName"]
        return User(names[0], groups) if names else None


def authenticated(authenticator: Authenticator) -> Middleware:
    """Let in who is known, and tell the handler by `request[USER]`; answer 401 to everybody else."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        user = await authenticator.user(request)
        if user is None:
            raise web.HTTPUnauthorized(text="Unauthorized")
        request[USER] = user
        return await handler(request)

    return middleware
