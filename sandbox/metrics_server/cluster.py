"""The cluster that the stand-in runs in: its API server, and its kubelets, as its own ServiceAccount sees them."""

import http.client
import json
import os
import ssl
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT = 10.0


class RefusedError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


def objects(path: str) -> Any:
    """What the API server answers; raises RefusedError and OSError."""
    return json.loads(_get(os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"]), path))


def scraped(node: Any) -> str:
    """A kubelet's `/metrics/resource`; its certificate has to be the cluster's."""
    addresses = {each["type"]: each["address"] for each in node["status"]["addresses"]}
    port = node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]
    return _get(addresses["InternalIP"], port, "/metrics/resource").decode()


def _get(host: str, port: int, path: str) -> bytes:
    trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    connection = http.client.HTTPSConnection(host, port, context=trust, timeout=TIMEOUT)
    try:
        token = (ACCOUNT / "token").read_text().strip()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise RefusedError(response.status, body.decode(errors="replace"))
    return body
