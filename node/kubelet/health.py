"""Whether the node's agent is alive: that an answer comes at all says that its event loop turns."""

from aiohttp import web

_PATHS = ("/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop")


def routes() -> list[web.RouteDef]:
    return [web.get(path, _ok, allow_head=False) for path in _PATHS]


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="ok")
