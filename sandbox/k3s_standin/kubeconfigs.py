"""The kubeconfig files of a server: its own parts' name the files of certificates, the admin's holds their content."""

import base64
from pathlib import Path

import yaml

from sandbox.k3s_standin import certificates
from sandbox.k3s_standin.layout import Layout
from sandbox.k3s_standin.x509_files import write_private


def write_all(layout: Layout, server: str) -> None:
    """Those of the parts."""
    for name, identity in certificates.KUBECONFIGS.items():
        user = {
            "client-certificate": str(layout.certificate(identity)),
            "client-key": str(layout.key(identity)),
        }
        cluster = {"server": server, "certificate-authority": str(layout.certificate("server-ca"))}
        write_private(layout.kubeconfig(name), _kubeconfig(cluster, user, "local"))


def write_admin(layout: Layout, target: Path, server: str, mode: int) -> None:
    """The one that people take."""
    user = {
        "client-certificate-data": _base64(layout.certificate("client-admin")),
        "client-key-data": _base64(layout.key("client-admin")),
    }
    cluster = {"certificate-authority-data": _base64(layout.certificate("server-ca")), "server": server}
    write_private(target, _kubeconfig(cluster, user, "default"))
    target.chmod(mode)


def _kubeconfig(cluster: dict[str, str], user: dict[str, str], name: str) -> bytes:
    content = {
        "apiVersion": "v1",
        "clusters": [{"cluster": cluster, "name": name}],
        "contexts": [{"context": {"cluster": name, "user": name}, "name": name}],
        "current-context": name,
        "kind": "Config",
        "users": [{"name": name, "user": user}],
    }
    return yaml.safe_dump(content).encode()


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
