"""Statuses of Clusters, written in the controller's place."""

import json
from typing import Any

from sandbox.waiting import wait_until
from tests.kubectl import Kubectl


def set_status(
    kubectl: Kubectl, name: str, phase: str, *, reason: str = "Provisioning", message: str = "so it is", **more: Any
) -> None:
    """Write a phase, with a Ready condition that gives the reason; `more` is the rest of the status."""
    path = f"/apis/k3k.io/v1beta1/namespaces/{kubectl.namespace}/clusters/{name}"
    body = json.loads(kubectl("get", "--raw", path))
    ready = {
        "type": "Ready",
        "status": "True" if phase == "Ready" else "False",
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    observed = body["metadata"]["generation"]
    body["status"] = {"phase": phase, "observedGeneration": observed, "conditions": [ready], **more}
    kubectl("replace", "--raw", f"{path}/status", "-f", "-", stdin=json.dumps(body).encode())


def wait_until_created(kubectl: Kubectl, name: str) -> None:
    """Wait for a Cluster that somebody is about to create."""

    def look() -> str | None:
        done = kubectl.run("get", "clusters.k3k.io", name)
        return None if done.returncode == 0 else done.stderr.decode()

    wait_until(look, what=f"Cluster {name}", seconds=60, advice="see what was to create it")
