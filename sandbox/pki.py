"""The certificates of one sandbox cluster, laid out as kubeadm does; what is on disk is kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from kube import certificates
from kube.certificates import KeyPair, Subject

LIFETIME = timedelta(days=3650)
MASTERS = ("system:masters",)
CLIENTS = {
    "admin": Subject("kubernetes-admin", MASTERS),
    "apiserver-kubelet-client": Subject("kube-apiserver-kubelet-client", MASTERS),
    "controller-manager": Subject("system:kube-controller-manager"),
    "scheduler": Subject("system:kube-scheduler"),
    "proxy": Subject("system:kube-proxy"),
}


class Pki:
    """A folder of PEM files: NAME.crt and NAME.key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def certificate(self, name: str) -> Path:
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def create(self, *, server_names: list[str]) -> None:
        """Make what a control plane needs, where it is missing."""
        authority = self.authority("ca")
        self.authority("front-proxy-ca")
        self._client("front-proxy-client", Subject("front-proxy-client"), self.pair("front-proxy-ca"))
        for name, subject in CLIENTS.items():
            self._client(name, subject, authority)
        if not self.key("sa").exists():
            key = certificates.new_key()
            self.certificate("sa").with_suffix(".pub").write_bytes(certificates.public_key(key))
            _write_private(self.key("sa"), key)
        self.server("apiserver", Subject("kube-apiserver"), server_names)

    def authority(self, name: str) -> KeyPair:
        """A certificate authority, made on first use."""
        if not self.key(name).exists():
            self._write(name, certificates.new_authority(name, now=datetime.now(UTC)))
        return self.pair(name)

    def server(self, name: str, subject: Subject, names: list[str]) -> None:
        """A serving certificate of the cluster's authority; servers here are clients too, as kubelets are."""
        if not self.key(name).exists():
            pair = certificates.issue(
                self.pair("ca"),
                subject,
                usages=("server", "client"),
                names=names,
                now=datetime.now(UTC),
                lifetime=LIFETIME,
            )
            self._write(name, pair)

    def pair(self, name: str) -> KeyPair:
        return KeyPair(self.certificate(name).read_bytes(), self.key(name).read_bytes())

    def _client(self, name: str, subject: Subject, authority: KeyPair) -> None:
        if not self.key(name).exists():
            now = datetime.now(UTC)
            self._write(name, certificates.issue(authority, subject, usages=("client",), now=now, lifetime=LIFETIME))

    def _write(self, name: str, pair: KeyPair) -> None:
        """The key last: it is the mark that both are there."""
        self.certificate(name).write_bytes(pair.certificate)
        _write_private(self.key(name), pair.key)


def _write_private(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.rename(path)
