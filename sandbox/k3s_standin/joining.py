"""How a server learns what it must share with those that are there: from one of them, by the cluster's token.

The real one asks the supervisor of the other. Here it is a Secret of the cluster, which whoever bears the token may
read; the way is the same, port 6443 of the address that `server` names.
"""

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.k3s_standin import bootstrap
from sandbox.k3s_standin.api import Api
from sandbox.k3s_standin.errors import FatalError
from sandbox.k3s_standin.layout import Layout
from sandbox.k3s_standin.token import Token

NAMESPACE, NAME = "kube-system", "k3s-stand-in-bootstrap"
USER = "k3s:server"
RBAC = "rbac.authorization.k8s.io"
PATIENCE = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Shared:
    """What a server tells those that join."""

    files: bootstrap.Stored
    etcd: tuple[str, ...]  # URLs of members
    settings: Mapping[str, str]  # which have to be the same everywhere


def publish(api: Api, layout: Layout, etcd: list[str], settings: Mapping[str, str]) -> None:
    """Tell it, through this server's API server."""
    told = {"etcd": json.dumps(etcd).encode(), "settings": json.dumps(settings).encode()}
    data = {"files": bootstrap.encoded(layout), **told}
    encoded = {name: base64.b64encode(value).decode() for name, value in data.items()}
    for body in _objects(encoded):
        api.apply(body)


def fetch(server: str, token: Token) -> Shared:
    """Ask another server; raises FatalError if it is not there, or is another cluster's."""
    # Whom we ask is known by the hash in the token only, so it is looked at afterwards.
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    url = f"{server.rstrip('/')}/api/v1/namespaces/{NAMESPACE}/secrets/{NAME}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token.password}"})
    handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=PATIENCE) as answer:
            data = {name: base64.b64decode(value) for name, value in json.load(answer)["data"].items()}
    except urllib.error.HTTPError as error:
        reason = "not authorized: the token is another cluster's" if error.code == 401 else error.reason
        raise FatalError(f"failed to validate token: {server}: {error.code} {reason}") from error
    except (OSError, ValueError, KeyError) as error:
        raise FatalError(f"failed to get CA certs: {server}: {error}") from error
    files = bootstrap.decoded(data["files"])
    token.check(base64.b64decode(files["server-ca.crt"][0]))
    return Shared(files, tuple(json.loads(data["etcd"])), json.loads(data["settings"]))


def check_same(own: Mapping[str, str], theirs: Mapping[str, str]) -> None:
    """Refuse to join with settings that have to be the same and are not."""
    different = [f"{name} ({own[name]!r}, there {theirs.get(name)!r})" for name in own if own[name] != theirs.get(name)]
    if different:
        mismatch = f"critical configuration value mismatch: {', '.join(different)}"
        raise FatalError(f"failed to validate server configuration: {mismatch}")


def _objects(data: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    metadata = {"name": NAME, "namespace": NAMESPACE}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [NAME], "verbs": ["get"]}
    yield {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]}
    yield {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": NAME},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": USER}],
    }
