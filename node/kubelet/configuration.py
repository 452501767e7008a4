"""`/configz`: what of a kubelet's configuration has a meaning here, and its true values."""

from typing import Any

from aiohttp import web

from node.kubelet.access_reviews import ALLOWED_SECONDS, DENIED_SECONDS
from node.kubelet.bearer_tokens import KNOWN_SECONDS


def configuration(address: str, port: int) -> dict[str, Any]:
    """As a KubeletConfiguration."""
    return {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "enableServer": True,
        "address": address,
        "port": port,
        "readOnlyPort": 0,
        "tlsMinVersion": "VersionTLS12",
        "authentication": {
            "x509": {},
            "webhook": {"enabled": True, "cacheTTL": _duration(KNOWN_SECONDS)},
            "anonymous": {"enabled": False},
        },
        "authorization": {
            "mode": "Webhook",
            "webhook": {
                "cacheAuthorizedTTL": _duration(ALLOWED_SECONDS),
                "cacheUnauthorizedTTL": _duration(DENIED_SECONDS),
            },
        },
        "streamingConnectionIdleTimeout": "0s",
        "enableDebuggingHandlers": True,
        "enableSystemLogHandler": False,
        "enableProfilingHandler": False,
        "enableDebugFlagsHandler": False,
    }


class Configuration:
    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/configz", self.answer, allow_head=False)]

    async def answer(self, _: web.Request) -> web.Response:
        return web.json_response({"kubeletconfig": configuration(self._address, self._port)})


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
