"""A directory of pods for tests."""

from collections.abc import Iterable, Sequence

from kube.objects import Object
from node.kubelet.pod_directory import HostPod

WEB = HostPod("host-namespace", "web-shop-x7f3k", "host-uid", ("app", "side"), "node-0")
WEB_UID = "virtual-uid"


class OnePod:
    """Pod shop/web, which runs as WEB."""

    def __init__(self, pods: Sequence[Object] = ()) -> None:
        self.pods = pods

    def host_pod(self, namespace: str, name: str, uid: str = "") -> HostPod | None:
        return WEB if (namespace, name) == ("shop", "web") and uid in {"", WEB_UID} else None

    def virtual_pods(self) -> Iterable[Object]:
        return self.pods
