"""What a kubelet has and a virtual node has not, refused as a kubelet does that has it switched off."""

from aiohttp import web

_NODE_LOGS = "logs endpoint is disabled: a virtual node has no system logs; ask whoever runs the host cluster"


def routes() -> list[web.RouteDef]:
    return [web.get("/logs", _no_logs, allow_head=False), web.get("/logs/{path:.*}", _no_logs, allow_head=False)]


async def _no_logs(_: web.Request) -> web.Response:
    return web.Response(status=405, text=_NODE_LOGS)
