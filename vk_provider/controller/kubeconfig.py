"""Kubeconfigs: for the tenant's administrator, and for the provider."""

import base64
from collections.abc import Mapping
from typing import Any

from kube.certificates import KeyPair
from vk_provider.controller.yaml_files import read, written

CONTEXT = "default"
FILE = "kubeconfig.yaml"  # the key in a Secret


def kubeconfig(server: str, authority: bytes, client: KeyPair) -> bytes:
    """Return a kubeconfig with everything in it, the same for the same arguments."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [
            {"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": _encoded(authority)}}
        ],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "users": [
            {
                "name": CONTEXT,
                "user": {
                    "client-certificate-data": _encoded(client.certificate),
                    "client-key-data": _encoded(client.key),
                },
            }
        ],
    }
    return written(content)


def client_of(content: bytes | None) -> KeyPair | None:
    """Return the client certificate in a kubeconfig of ours; None if there is none, or it is unreadable."""
    try:
        user: Mapping[str, Any] = read(content or b"")["users"][0]["user"]
        return KeyPair(_decoded(user["client-certificate-data"]), _decoded(user["client-key-data"]))
    except (TypeError, LookupError, ValueError):
        return None


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
