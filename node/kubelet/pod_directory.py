"""What the kubelet API must know about pods. Whoever reflects pods answers; nothing here asks an API server."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from kube.objects import Object


@dataclass(frozen=True, slots=True)
class HostPod:
    """The pod on the host that runs a virtual pod.

    `containers` are the names that the tenant gave (of any kind: init, ephemeral), not what the host injected: nobody
    gets logs of, or into, any other container.
    """

    namespace: str
    name: str
    uid: str
    containers: Collection[str]
    node: str = ""  # of the host, on which it runs


class PodDirectory(Protocol):
    def host_pod(self, namespace: str, name: str, uid: str = "") -> HostPod | None:
        """Return where the virtual pod runs, if it does, and if it has that UID where one is given."""

    def virtual_pods(self) -> Iterable[Object]:
        """All pods of the virtual node, as the virtual cluster sees them."""
