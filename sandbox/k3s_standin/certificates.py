"""The certificates of a server: authorities where they are missing, leaves that are renewed at every start.

The names, subjects and signers are the real one's, and so is what it leaves alone: an authority of which both files
are there.
"""

import time
from collections.abc import Iterator, Sequence

from sandbox.k3s_standin import x509_files
from sandbox.k3s_standin.layout import Layout
from sandbox.k3s_standin.x509_files import CLIENT, SERVER, Authority, Leaf

AUTHORITIES = {
    "client-ca": "k3s-client-ca",
    "server-ca": "k3s-server-ca",
    "request-header-ca": "k3s-request-header-ca",
    "etcd/peer-ca": "etcd-peer-ca",
    "etcd/server-ca": "etcd-server-ca",
}
SERVICE_KEY, CURRENT_SERVICE_KEY = "service", "service.current"
MASTERS = "system:masters"
CLIENTS = {
    "client-admin": Leaf("system:admin", MASTERS),
    "client-supervisor": Leaf("system:k3s-supervisor", MASTERS),
    "client-controller": Leaf("system:kube-controller-manager", MASTERS),
    "client-scheduler": Leaf("system:kube-scheduler"),
    "client-kube-apiserver": Leaf("system:apiserver", MASTERS),
    "client-kube-proxy": Leaf("system:kube-proxy"),
    "client-k3s-controller": Leaf("system:k3s-controller"),
    "client-k3s-cloud-controller": Leaf("k3s-cloud-controller-manager"),
}
KUBECONFIGS = {
    "admin": "client-admin",
    "supervisor": "client-supervisor",
    "controller": "client-controller",
    "scheduler": "client-scheduler",
    "api-server": "client-kube-apiserver",
    "cloud-controller": "client-k3s-cloud-controller",
}


def bootstrap_files() -> list[str]:
    """What all servers of a cluster have in common, below the folder of certificates."""
    pairs = [f"{name}.{kind}" for name in AUTHORITIES for kind in ("crt", "key")]
    return [*pairs, f"{SERVICE_KEY}.key"]


def make_authorities(layout: Layout) -> None:
    """Make every authority that is not whole."""
    for name, title in AUTHORITIES.items():
        certificate, key = layout.certificate(name), layout.key(name)
        if not (certificate.exists() and key.exists()):
            x509_files.write_authority(certificate, key, f"{title}@{int(time.time())}")
    if not layout.key(SERVICE_KEY).exists():
        x509_files.write_key(layout.key(SERVICE_KEY))


def make_leaves(layout: Layout, names: Sequence[str]) -> None:
    """Issue what is missing, outdated or soon expired, by the authorities that are on disk."""
    for name in ("client-ca", "server-ca"):
        first = layout.certificate(name).read_bytes().partition(b"-----END CERTIFICATE-----")
        x509_files.write_private(layout.certificate(f"{name}.nochain"), first[0] + first[1] + b"\n")
    current = x509_files.first_key(layout.key(SERVICE_KEY).read_bytes())
    x509_files.write_private(layout.key(CURRENT_SERVICE_KEY), current)
    authorities: dict[str, Authority] = {}
    for name, authority, leaf in _leaves(names):
        if authority not in authorities:
            authorities[authority] = x509_files.read_authority(layout.certificate(authority), layout.key(authority))
        x509_files.write_leaf(layout.certificate(name), layout.key(name), leaf, authorities[authority])


def _leaves(names: Sequence[str]) -> Iterator[tuple[str, str, Leaf]]:
    """The file, its signer and what it says."""
    for name, leaf in CLIENTS.items():
        yield name, "client-ca", leaf
    yield "client-auth-proxy", "request-header-ca", Leaf("system:auth-proxy")
    yield "serving-kube-apiserver", "server-ca", Leaf("kube-apiserver", names=names, usages=(SERVER,))
    yield "etcd/client", "etcd/server-ca", Leaf("etcd-client")
    # etcd lets a peer in that comes from an address in its certificate, so all names are in these too.
    both = (SERVER, CLIENT)
    yield "etcd/server-client", "etcd/server-ca", Leaf("etcd-server", names=names, usages=both)
    yield "etcd/peer-server-client", "etcd/peer-ca", Leaf("etcd-peer", names=names, usages=both)
