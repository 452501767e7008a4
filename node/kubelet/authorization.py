"""What a request asks for, in the words of access rules: pure, and the same as with a real kubelet.

One thing is stricter. A WebSocket begins with GET, so that by the method alone whoever may read could run commands:
here whatever enters a container is `create`.
"""

from dataclasses import dataclass
from typing import Protocol

from node.kubelet.users import User

_VERBS = {"POST": "create", "GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_ENTERING = frozenset({"exec", "attach", "portForward", "run"})
_SUBRESOURCES = {
    "stats": ("stats",),
    "metrics": ("metrics",),
    "logs": ("log",),
    "checkpoint": ("checkpoint",),
    "pods": ("pods", "proxy"),
    "runningpods": ("pods", "proxy"),
    "healthz": ("healthz", "proxy"),
    "configz": ("configz", "proxy"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A verb on a subresource of nodes; any one of the subresources suffices, the narrowest comes first."""

    verb: str
    subresources: tuple[str, ...]

    def __str__(self) -> str:
        return f"verb={self.verb}, resource=nodes, subresource(s)={list(self.subresources)}"


class Authorizer(Protocol):
    async def permits(self, user: User, asked: Asked) -> bool:
        """Whether the virtual cluster lets the user do that. Raises CannotTell."""


def what_is_asked(method: str, path: str) -> Asked:
    """`path` is that of the route, or of the request where there is no route."""
    first = path.lstrip("/").partition("/")[0]
    verb = "create" if first in _ENTERING else _VERBS.get(method, "")
    return Asked(verb, _SUBRESOURCES.get(first, ("proxy",)))
