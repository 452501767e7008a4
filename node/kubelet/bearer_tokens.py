"""Who asks, by a bearer token: the virtual cluster's API server knows.

A token counts if it is one for that API server, as with any kubelet; tokens made for others (an audience of their own)
are nobody's here. Answers hold for a minute, and of refusals for ten seconds; tokens themselves are not kept.
"""

import hashlib
import secrets

import msgspec
from aiohttp import web

from kube.client import Client
from kube.clock import Clock
from kube.resources import Resource
from node.kubelet.remembered import Answer, Remembered
from node.kubelet.reviews import Reviews
from node.kubelet.users import User

TOKEN_REVIEWS = Resource("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", namespaced=False)
KNOWN_SECONDS, UNKNOWN_SECONDS = 60.0, 10.0
MAX_TOKENS = 2048
MAX_REVIEWS = 16  # at the same time: whoever makes up tokens shall not keep the API server busy
MAX_TOKEN_BYTES = 64 * 1024


class _User(msgspec.Struct):
    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] | None = None
    extra: dict[str, tuple[str, ...]] | None = None


class _Status(msgspec.Struct):
    authenticated: bool = False
    user: _User | None = None


class BearerTokens:
    """An `Authenticator`."""

    def __init__(self, virtual: Client, clock: Clock) -> None:
        self._reviews = Reviews(virtual, TOKEN_REVIEWS, clock, effect="nobody is let in by a bearer token")
        self._known: Remembered[bytes, User | None] = Remembered(clock, limit=MAX_TOKENS, at_once=MAX_REVIEWS)
        self._salt = secrets.token_bytes(16)

    async def user(self, request: web.Request) -> User | None:
        token = bearer_token(request.headers.get("Authorization", ""))
        if token is None:
            return None

        async def ask() -> Answer[User | None]:
            user = await self._review(token)
            return Answer(user, UNKNOWN_SECONDS if user is None else KNOWN_SECONDS)

        return await self._known.get(hashlib.blake2b(token.encode(), key=self._salt).digest(), ask)

    async def _review(self, token: str) -> User | None:
        status = await self._reviews.review({"token": token}, _Status)
        if status is None or not status.authenticated or status.user is None or not status.user.username:
            return None
        found = status.user
        return User(found.username, found.groups or (), found.uid, tuple(sorted((found.extra or {}).items())))


def bearer_token(authorization: str) -> str | None:
    """The token of an Authorization header; None if it has none that could be one."""
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token.isascii() or not token.isprintable() or " " in token:
        return None
    return token if 0 < len(token) <= MAX_TOKEN_BYTES else None
