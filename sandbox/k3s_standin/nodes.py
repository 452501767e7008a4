"""What a server does about nodes: the DNS learns their addresses, and the scheduler waits until one is usable."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.k3s_standin.api import Api, ApiError
from sandbox.k3s_standin.children import log

NODES, DNS = "/api/v1/nodes", "/api/v1/namespaces/kube-system/configmaps/coredns"
UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
PATIENCE = 1.0  # seconds

Node = Mapping[str, Any]


class Nodes(threading.Thread):
    """Follows the nodes; `usable` is set once one of them has no taint that waits for a cloud controller."""

    def __init__(self, api: Api, *, dns: bool) -> None:
        super().__init__(daemon=True)
        self._api = api
        self._dns = dns
        self._known: dict[str, Node] = {}
        self._written: str | None = None
        self.usable = threading.Event()

    def run(self) -> None:
        while True:
            try:
                self._follow()
            except ApiError as error:
                log(f"Failed to follow nodes: {error}")
            time.sleep(PATIENCE)

    def _follow(self) -> None:
        listed = self._api.call("GET", NODES)
        self._known = {node["metadata"]["name"]: node for node in listed["items"]}
        self._act()
        version = listed["metadata"]["resourceVersion"]
        for event in self._api.watch(f"{NODES}?watch=1&timeoutSeconds=300&resourceVersion={version}"):
            if event["type"] == "ERROR":
                return
            node = event["object"]
            if event["type"] == "DELETED":
                self._known.pop(node["metadata"]["name"], None)
            else:
                self._known[node["metadata"]["name"]] = node
            self._act()

    def _act(self) -> None:
        if any(is_usable(node) for node in self._known.values()):
            self.usable.set()
        text = node_hosts(self._known.values())
        if self._dns and text and text != self._written:
            body = {"data": {"NodeHosts": text}}
            self._api.call("PATCH", DNS, body, kind="application/merge-patch+json")
            self._written = text


def is_usable(node: Node) -> bool:
    return all(taint["key"] != UNINITIALIZED for taint in node["spec"].get("taints") or ())


def node_hosts(nodes: Iterable[Node]) -> str:
    """Lines of addresses and names, as /etc/hosts has them."""
    lines = [
        f"{address['address']} {node['metadata']['name']}\n"
        for node in nodes
        for address in node["status"].get("addresses") or ()
        if address["type"] == "InternalIP"
    ]
    return "".join(sorted(lines))
