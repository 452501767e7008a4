"""Secrets of what `cluster create` was given: a token, and authorities in a folder laid out as K3s lays them out."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vk_provider.cli.exits import Exit, Failure

AUTHORITIES = {
    "serverCA": "server-ca",
    "clientCA": "client-ca",
    "requestHeaderCA": "request-header-ca",
    "etcdServerCA": "etcd/server-ca",
    "etcdPeerCA": "etcd/peer-ca",
    "serviceAccountToken": "service",
}
"""Each source of `customCAs`, and where below the folder its pair lies (`.crt`, `.key`); the last has only a key."""


def token_reference(cluster: str, namespace: str) -> dict[str, str]:
    return {"name": f"{cluster}-join-token", "namespace": namespace}


def token_secret(cluster: str, namespace: str, token: str) -> dict[str, Any]:
    return _secret(token_reference(cluster, namespace)["name"], namespace, {"token": token.encode()})


def custom_cas(cluster: str) -> dict[str, Any]:
    """Return `spec.customCAs` that refers to the Secrets below."""
    return {"enabled": True, "sources": {each: {"secretName": _name(cluster, each)} for each in AUTHORITIES}}


def certificate_secrets(cluster: str, namespace: str, folder: Path) -> list[dict[str, Any]]:
    """Return a Secret for each pair; raises Failure that names every file that is missing."""
    wanted = {source: _files(folder / path, source) for source, path in AUTHORITIES.items()}
    missing = [str(file) for files in wanted.values() for file in files.values() if not file.is_file()]
    if missing:
        raise Failure(f"--custom-certs: missing: {', '.join(missing)}", Exit.USAGE)
    try:
        contents = {source: {key: file.read_bytes() for key, file in files.items()} for source, files in wanted.items()}
    except OSError as error:
        raise Failure(f"--custom-certs: {error.filename}: {error.strerror}", Exit.USAGE) from error
    return [_secret(_name(cluster, source), namespace, content) for source, content in contents.items()]


def _files(pair: Path, source: str) -> dict[str, Path]:
    files = {"tls.crt": pair.with_suffix(".crt"), "tls.key": pair.with_suffix(".key")}
    if source == "serviceAccountToken":
        del files["tls.crt"]
    return files


def _name(cluster: str, source: str) -> str:
    return f"{cluster}-{AUTHORITIES[source].replace('/', '-')}"


def _secret(name: str, namespace: str, data: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": {key: b64encode(value).decode() for key, value in data.items()},
    }
