"""A real Prometheus that scrapes virtual nodes, as a ServiceAccount of their cluster."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.waiting import wait_until
from tests.kubectl import Kubectl
from tests.prometheus import ask, running_prometheus

ACCOUNT = "prometheus"
PATHS = {"provider": "/metrics", "resource": "/metrics/resource", "cadvisor": "/metrics/cadvisor"}
LIMIT = 60.0
INTERVAL = "2s"

Labels = Mapping[str, str]


class Prometheus:
    """Its query API."""

    def __init__(self, api: str) -> None:
        self._api = api

    def query(self, expression: str) -> dict[tuple[str, ...], float]:
        """Values by namespace, pod and container, as far as there are such."""
        found = self._get("query", query=expression)["result"]
        names = ("namespace", "pod", "container")
        return {tuple(each["metric"].get(name, "") for name in names): float(each["value"][1]) for each in found}

    def wait_for(self, expression: str) -> dict[tuple[str, ...], float]:
        """The same, once there is anything."""
        wait_until(
            lambda: None if self.query(expression) else str(self.troubles()),
            what=f"a value of {expression}",
            seconds=LIMIT,
            advice="see what the provider's log says of the host",
            interval=0.5,
        )
        return self.query(expression)

    def troubles(self) -> list[str]:
        """Why its targets are not scraped; empty if they are."""
        targets = self._get("targets")["activeTargets"]
        return [each["lastError"] for each in targets if each["health"] == "down"] if targets else ["no targets"]

    def _get(self, path: str, **query: str) -> Any:
        return ask(self._api, path, **query)


@contextmanager
def prometheus(program: Path, folder: Path, *jobs: Mapping[str, Any]) -> Iterator[Prometheus]:
    """One that scrapes these jobs."""
    config = {"global": {"scrape_interval": INTERVAL}, "scrape_configs": jobs}
    with running_prometheus(program, folder, config) as api:
        yield Prometheus(api)


@contextmanager
def let_in(kubectl: Kubectl) -> Iterator[None]:
    """The account that Prometheus scrapes with, and the one right that it needs."""
    name = f"{ACCOUNT}-{kubectl.namespace}"
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
    rules = [{"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": kubectl.namespace}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}},
        {**rbac, "kind": "ClusterRole", "rules": rules},
        {**rbac, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [account]},
    )
    try:
        yield
    finally:
        kubectl("delete", f"clusterrole/{name}", f"clusterrolebinding/{name}", f"serviceaccount/{ACCOUNT}")


def jobs(kubectl: Kubectl, folder: Path, *, prefix: str = "") -> list[dict[str, Any]]:
    """What scrapes all nodes of a cluster, a job for each path."""
    authority, token = folder / f"{prefix}ca.crt", folder / f"{prefix}token"
    data = "{.clusters[0].cluster.certificate-authority-data}"
    authority.write_bytes(base64.b64decode(kubectl("config", "view", "--raw", "-o", f"jsonpath={data}")))
    token.write_text(kubectl("create", "token", ACCOUNT))
    access = {"tls_config": {"ca_file": str(authority)}, "authorization": {"credentials_file": str(token)}}
    targets = [_target(node) for node in kubectl.get("nodes")["items"]]
    job = {"scheme": "https", "static_configs": [{"targets": targets}], **access}
    return [{"job_name": prefix + name, "metrics_path": path, **job} for name, path in PATHS.items()]


def _target(node: Mapping[str, Any]) -> str:
    """Where others find a kubelet; Debian's Prometheus cannot look for itself, being built without Kubernetes."""
    addresses = {each["type"]: each["address"] for each in node["status"]["addresses"]}
    return f"{addresses['InternalIP']}:{node['status']['daemonEndpoints']['kubeletEndpoint']['Port']}"
