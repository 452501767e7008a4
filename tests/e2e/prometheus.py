"""A real Prometheus that scrapes virtual nodes, as a ServiceAccount of their cluster."""

import base64
import json
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.waiting import wait_until
from tests.kubectl import Kubectl

ACCOUNT = "prometheus"
PATHS = {"provider": "/metrics", "resource": "/metrics/resource", "cadvisor": "/metrics/cadvisor"}
LIMIT = 60.0
INTERVAL = "2s"

Labels = Mapping[str, str]


class Prometheus:
    """Its query API."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

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
        with urllib.request.urlopen(f"{self._url}/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:  # noqa: S310 - ours
            return json.load(answer)["data"]


@contextmanager
def prometheus(program: Path, folder: Path, *jobs: Mapping[str, Any]) -> Iterator[Prometheus]:
    """One that scrapes these jobs."""
    config = folder / "prometheus.yaml"
    config.write_text(yaml.safe_dump({"global": {"scrape_interval": INTERVAL}, "scrape_configs": jobs}))
    port = _free_port()
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: _not_ready(port), what="Prometheus", seconds=LIMIT, advice=f"see its log {log}")
        yield Prometheus(port)
    finally:
        process.terminate()
        process.wait(30)


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


def _not_ready(port: int) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5):
            return None
    except OSError as error:
        return str(error)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
