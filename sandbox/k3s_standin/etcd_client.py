"""The few calls to etcd that a server makes, over its JSON gateway.

Source: etcd's documentation, "gRPC gateway"; numbers come as text there, keys and values in base64.
"""

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PATIENCE = 5.0  # seconds


class EtcdError(Exception):
    """etcd refused, or nobody answered."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the cluster; one that has not started yet has no name."""

    id: str
    name: str
    peer_url: str
    client_urls: tuple[str, ...]
    is_learner: bool


class EtcdClient:
    """Speaks to the first of several members that answers."""

    def __init__(self, urls: Sequence[str], tls: ssl.SSLContext | None) -> None:
        self.urls = tuple(urls)
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if tls is not None:
            handlers.append(urllib.request.HTTPSHandler(context=tls))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, key: str) -> bytes | None:
        found = self.call("kv/range", {"key": _base64(key)}).get("kvs")
        return base64.b64decode(found[0]["value"]) if found else None

    def keys(self, prefix: str) -> list[str]:
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found = self.call("kv/range", {"key": _base64(prefix), "range_end": _base64(end), "keys_only": True})
        return [base64.b64decode(each["key"]).decode() for each in found.get("kvs", ())]

    def put(self, key: str, value: bytes) -> None:
        self.call("kv/put", {"key": _base64(key), "value": base64.b64encode(value).decode()})

    def members(self) -> list[Member]:
        answer = self.call("cluster/member/list", {})
        return [
            Member(
                each["ID"],
                each.get("name", ""),
                (each.get("peerURLs") or [""])[0],
                tuple(each.get("clientURLs", ())),
                each.get("isLearner", False),
            )
            for each in answer["members"]
        ]

    def call(self, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One call; raises EtcdError with the last refusal."""
        failure: Exception | None = None
        for url in self.urls:
            request = urllib.request.Request(f"{url}/v3/{method}", json.dumps(body).encode())
            try:
                with self._opener.open(request, timeout=PATIENCE) as answer:
                    content: dict[str, Any] = json.load(answer)
                    return content
            except urllib.error.HTTPError as error:
                raise EtcdError(error.read().decode(errors="replace").strip()) from error
            except (OSError, ValueError) as error:
                failure = error
        raise EtcdError(f"no answer from {', '.join(self.urls)}: {failure}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
