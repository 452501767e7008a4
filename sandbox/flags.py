"""Command lines of Kubernetes' programs, by their version: pure functions.

Every flag that came or went between 1.20 and 1.36 is decided here and nowhere else.
"""

from dataclasses import dataclass
from pathlib import Path

from sandbox.binaries import Version
from sandbox.pki import Pki

INSECURE_PORT_GONE = (1, 24)
ISSUER = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """What the command lines of one control plane are made from."""

    version: Version
    pki: Pki
    address: str
    port: int
    etcd: str
    services: str
    controllers: bool  # a controller-manager will make ServiceAccounts, so pods may be required to have one


def apiserver(plane: ControlPlane) -> list[str]:
    """kube-apiserver, set up as kubeadm does."""
    pki = plane.pki
    off = [] if plane.controllers else ["--disable-admission-plugins=ServiceAccount"]
    return [
        f"--etcd-servers={plane.etcd}",
        f"--bind-address={plane.address}",
        f"--advertise-address={plane.address}",
        f"--secure-port={plane.port}",
        # The apiserver refuses to publish a loopback address as the kubernetes Service's endpoint, for ever and loudly.
        *(["--endpoint-reconciler-type=none"] if plane.address.startswith("127.") else []),
        f"--service-cluster-ip-range={plane.services}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        *off,
        "--allow-privileged=true",
        "--anonymous-auth=true",
        "--profiling=false",
        "--enable-bootstrap-token-auth=true",
        f"--client-ca-file={pki.certificate('ca')}",
        f"--tls-cert-file={pki.certificate('apiserver')}",
        f"--tls-private-key-file={pki.key('apiserver')}",
        f"--kubelet-certificate-authority={pki.certificate('ca')}",
        f"--kubelet-client-certificate={pki.certificate('apiserver-kubelet-client')}",
        f"--kubelet-client-key={pki.key('apiserver-kubelet-client')}",
        # Host names of nodes resolve nowhere on this machine.
        "--kubelet-preferred-address-types=InternalIP,Hostname",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-signing-key-file={pki.key('sa')}",
        f"--service-account-key-file={pki.folder / 'sa.pub'}",
        f"--requestheader-client-ca-file={pki.certificate('front-proxy-ca')}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki.certificate('front-proxy-client')}",
        f"--proxy-client-key-file={pki.key('front-proxy-client')}",
    ]


def controller_manager(plane: ControlPlane, kubeconfig: Path, *, port: int, loopback: str) -> list[str]:
    """kube-controller-manager with every controller, each with a ServiceAccount of its own."""
    pki = plane.pki
    return [
        *_component(plane, kubeconfig, port=port, loopback=loopback),
        "--controllers=*,bootstrapsigner,tokencleaner",
        "--use-service-account-credentials=true",
        f"--root-ca-file={pki.certificate('ca')}",
        f"--service-account-private-key-file={pki.key('sa')}",
        f"--cluster-signing-cert-file={pki.certificate('ca')}",
        f"--cluster-signing-key-file={pki.key('ca')}",
        f"--service-cluster-ip-range={plane.services}",
        "--allocate-node-cidrs=false",
    ]


def scheduler(plane: ControlPlane, kubeconfig: Path, *, port: int, loopback: str) -> list[str]:
    """kube-scheduler with its default profile."""
    return _component(plane, kubeconfig, port=port, loopback=loopback)


def _component(plane: ControlPlane, kubeconfig: Path, *, port: int, loopback: str) -> list[str]:
    insecure = ["--port=0"] if plane.version < INSECURE_PORT_GONE else []
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={loopback}",
        f"--secure-port={port}",
        f"--requestheader-client-ca-file={plane.pki.certificate('front-proxy-ca')}",
        f"--client-ca-file={plane.pki.certificate('ca')}",
        # A busy machine must not cost the only instance its leadership, and with it its life.
        "--leader-elect=false",
        *insecure,
    ]


def etcd(folder: Path, *, client_url: str, peer_url: str) -> list[str]:
    """One etcd member whose data a power cut may eat: a sandbox is made anew in seconds."""
    return [
        "--name=etcd",
        f"--data-dir={folder}",
        f"--listen-client-urls={client_url}",
        f"--advertise-client-urls={client_url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=etcd={peer_url}",
        "--unsafe-no-fsync",
        "--heartbeat-interval=20",
        "--election-timeout=200",  # the only member need not wait long for others
        "--quota-backend-bytes=4294967296",
        "--log-level=warn",
        "--logger=zap",
    ]
