"""One virtual cluster's certificates, in a folder."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kube.certificates import KeyPair, Subject, issue, new_authority
from kube.clock import Clock
from node.kubelet.serving_tls import ServingTls

API_SERVER = Subject("kube-apiserver", ["system:masters"])
YEAR = timedelta(days=365)


class Certificates:
    """NAME.crt and NAME.key, of the authority `ca`; the server's are for this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = new_authority("virtual", now=datetime.now(UTC))
        self.write("ca", self.authority)
        self.issue_server()

    def path(self, name: str) -> Path:
        return self.folder / name

    def write(self, name: str, pair: KeyPair) -> None:
        self.path(f"{name}.crt").write_bytes(pair.certificate)
        self.path(f"{name}.key").write_bytes(pair.key)

    def serving_tls(self, clock: Clock) -> ServingTls:
        return ServingTls(self.path("server.crt"), self.path("server.key"), self.path("ca.crt"), clock)

    def issue_server(self) -> KeyPair:
        pair = issue(self.authority, Subject("node"), usages=["server"], now=datetime.now(UTC), names=["127.0.0.1"])
        self.write("server", pair)
        return pair

    def client_context(
        self,
        subject: Subject | None = API_SERVER,
        *,
        by: KeyPair | None = None,
        begins_in: timedelta = timedelta(),
        lifetime: timedelta = YEAR,
    ) -> ssl.SSLContext:
        """What a client needs to speak with the server; without a subject it says nothing of who it is."""
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        if subject is not None:
            begins = datetime.now(UTC) + begins_in
            pair = issue(by or self.authority, subject, usages=["client"], now=begins, lifetime=lifetime)
            self.write("client", pair)
            context.load_cert_chain(self.path("client.crt"), self.path("client.key"))
        return context
