"""A cluster's DNS as its users know it, Service kube-system/kube-dns: what it takes to run the test image's server."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.core import Sandbox
from sandbox.errors import SandboxError
from sandbox.record import Cluster

NAMESPACE, NAME = "kube-system", "kube-dns"
IMAGE = "sandbox.local/dns:1"

_LABELS = {"k8s-app": NAME}
_ROLE = "sandbox:dns"
_RBAC = "rbac.authorization.k8s.io"


def install(sandbox: Sandbox, cluster: Cluster, *, address: str = "") -> None:
    """Create what is not there yet; `address` is that of the Service, if it has to be that."""
    for path, body in _manifests(address):
        status, answer = sandbox.post(cluster, path, body)
        if status not in {201, 409}:
            raise SandboxError(f"cannot create {path}: {status} {answer.decode(errors='replace')}")


def _manifests(address: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The path to post each object to, and the object."""
    yield f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", _named("v1", "ServiceAccount", NAME)
    rules = [{"apiGroups": [""], "resources": ["services", "endpoints"], "verbs": ["list", "watch"]}]
    yield f"/apis/{_RBAC}/v1/clusterroles", _named(f"{_RBAC}/v1", "ClusterRole", _ROLE) | {"rules": rules}
    yield (
        f"/apis/{_RBAC}/v1/clusterrolebindings",
        _named(f"{_RBAC}/v1", "ClusterRoleBinding", _ROLE)
        | {
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": _ROLE},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
        },
    )
    yield f"/api/v1/namespaces/{NAMESPACE}/services", _service(address)
    yield f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", _deployment()


def _service(address: str) -> Mapping[str, Any]:
    ports = [
        {"name": name, "port": 53, "protocol": protocol} for name, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
    ]
    spec = {"selector": _LABELS, "ports": ports} | ({"clusterIP": address} if address else {})
    return _named("v1", "Service", NAME) | {"spec": spec}


def _deployment() -> Mapping[str, Any]:
    container = {
        "name": "dns",
        "image": IMAGE,
        "ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}],
        "readinessProbe": {"tcpSocket": {"port": 53}, "periodSeconds": 1},
    }
    pod = {
        "serviceAccountName": NAME,
        "dnsPolicy": "Default",
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
    }
    template = {"metadata": {"labels": _LABELS}, "spec": pod}
    return _named("apps/v1", "Deployment", NAME) | {
        "spec": {"selector": {"matchLabels": _LABELS}, "template": template}
    }


def _named(api_version: str, kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": _LABELS}}
