"""Kubeconfig files that hold their certificates, so that they can be copied anywhere."""

import base64
from pathlib import Path

import yaml

from kube.certificates import KeyPair


def write(path: Path, *, cluster: str, server: str, authority: bytes, client: KeyPair) -> None:
    """Write a kubeconfig with one context, readable by its owner only; an equal file is left alone."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": cluster, "cluster": {"server": server, "certificate-authority-data": _base64(authority)}}
        ],
        "users": [
            {
                "name": cluster,
                "user": {
                    "client-certificate-data": _base64(client.certificate),
                    "client-key-data": _base64(client.key),
                },
            }
        ],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        "current-context": cluster,
    }
    text = yaml.safe_dump(content, sort_keys=False)
    if path.exists() and path.read_text() == text:
        return
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(path)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
