"""The door: who is let in, and to what. Nobody unknown gets an answer, whatever the question."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from node.kubelet.authentication import Authenticator
from node.kubelet.authorization import Authorizer, what_is_asked
from node.kubelet.users import USER, CannotTell, User


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a kubelet API."""

    authenticators: Sequence[Authenticator]  # the first one that knows the user is believed
    authorizer: Authorizer
    health_for_all: bool = False  # whether /healthz is answered to anybody

    async def user(self, request: web.Request) -> User | None:
        for authenticator in self.authenticators:
            user = await authenticator.user(request)
            if user is not None:
                return user
        return None


def guarded(access: Access) -> Middleware:
    """Let in who may ask that, and tell the handler by `request[USER]`: 401 to the unknown, 403 to others."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = _path(request)
        if not (access.health_for_all and path.startswith("/healthz")):
            try:
                request[USER] = await _admitted(access, request, path)
            except CannotTell as error:
                raise web.HTTPInternalServerError(text=str(error)) from error
        return await handler(request)

    return middleware


async def _admitted(access: Access, request: web.Request, path: str) -> User:
    user = await access.user(request)
    if user is None:
        unauthorized = web.HTTPUnauthorized(text="Unauthorized")
        unauthorized.force_close()  # a new connection may show a better certificate
        raise unauthorized
    asked = what_is_asked(request.method, path)
    if not await access.authorizer.permits(user, asked):
        raise web.HTTPForbidden(text=f"Forbidden (user={user.name}, {asked})")
    return user


def _path(request: web.Request) -> str:
    """The route's, so that what is permitted is what is done, however the URL is written."""
    resource = request.match_info.route.resource
    return request.path if resource is None else resource.canonical
