"""A virtual API server and a host that both give Services addresses, as far as agreeing on these needs them."""

from typing import Any

from reflectors.translation.json_values import Draft, Json, fresh
from reflectors.translation.services import ServiceRules
from reflectors.translation.writes import Create, Delete, HostWrite, Patch, PatchVirtual
from tests.unit.reflectors.translation.merge_patch import merge_patched
from tests.unit.reflectors.translation.pods import CONTEXT

PORT = {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}
RULES = ServiceRules(CONTEXT)


def service(annotations: Json | None = None, **spec: Any) -> Draft:
    """The virtual Service shop/web, as its API server has it."""
    whole = {"type": "ClusterIP", "clusterIP": "10.0.0.1", "selector": {"app": "web"}, "ports": [PORT], **spec}
    metadata = {"namespace": "shop", "name": "web", "uid": "v1", "resourceVersion": "3"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata | {"annotations": annotations or {}}} | {
        "spec": {field: value for field, value in whole.items() if value is not None}
    }


class Cluster:
    """What an API server does to a Service: gives it what it wants, or something else if that is taken."""

    def __init__(self, *, taken: set[Any], gives: list[Any]) -> None:
        self.taken = taken
        self._gives = gives

    def admits(self, service: Json) -> bool:
        return not self.taken & {*_given(service)}

    def completed(self, service: Json) -> Draft:
        """The Service as it is stored."""
        whole = fresh(service)
        spec = whole["spec"]
        kind = spec.get("type")
        if kind == "ExternalName":
            for field in ("clusterIP", "clusterIPs"):
                spec.pop(field, None)
        elif spec.get("clusterIP") != "None":
            spec["clusterIP"] = spec.get("clusterIP") or f"10.9.9.{self._gives.pop()}"
        for port in spec.get("ports", []):
            if kind in {"NodePort", "LoadBalancer"}:
                port["nodePort"] = port.get("nodePort") or 30000 + self._gives.pop()
            else:
                port.pop("nodePort", None)
        return whole


class World:
    """Both sides of one Service, and the reflector between them."""

    def __init__(self, virtual: Draft, *, taken_on_host: set[Any], taken_in_virtual: set[Any]) -> None:
        self.virtual: Draft = virtual
        self.host: Draft | None = None
        self.host_cluster = Cluster(taken=taken_on_host, gives=list(range(1, 60)))
        self.virtual_cluster = Cluster(taken=taken_in_virtual, gives=list(range(100, 160)))

    def step(self) -> bool:
        """Make the next write; whether there was one."""
        write = RULES.next_host_write(self.virtual, self.host)
        match write:
            case Create() | Patch():
                self._write_host(write)
                return True
            case Delete():
                self.host = None
                return True
        told = RULES.next_virtual_write(self.virtual, self.host, None)
        if told is not None:
            self._write_virtual(told)
        return told is not None

    def settle(self) -> int:
        for count in range(20):
            if not self.step():
                return count
        raise AssertionError("it never settles")

    def _write_host(self, write: HostWrite) -> None:
        assert isinstance(write, Create | Patch)
        for body in (write.body, *write.otherwise):
            old = self.host or {"metadata": {"uid": "h1", "resourceVersion": "7"}}
            new = merge_patched(old, body)
            if self.host_cluster.admits(new):
                self.host = self.host_cluster.completed(_keeping(new, old))
                return
        raise AssertionError(f"the host takes none of {write}")

    def _write_virtual(self, write: PatchVirtual) -> None:
        for body in (write.body, *write.otherwise):
            new = merge_patched(self.virtual, body)
            if self.virtual_cluster.admits(new):
                self.virtual = self.virtual_cluster.completed(new)
                return
        raise AssertionError(f"the virtual API server takes none of {write}")


def _keeping(new: Draft, old: Json) -> Draft:
    """Node ports that a change says nothing of stay, by the ports' names."""
    before = {port.get("name"): port.get("nodePort") for port in old.get("spec", {}).get("ports", [])}
    for port in new["spec"].get("ports", []):
        if not port.get("nodePort") and before.get(port.get("name")):
            port["nodePort"] = before[port.get("name")]
    return new


def _given(service: Json) -> list[Any]:
    spec = service["spec"]
    return [spec.get("clusterIP"), *(port.get("nodePort") for port in spec.get("ports", []))]
