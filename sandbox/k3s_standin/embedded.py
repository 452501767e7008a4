"""The etcd that several servers share: begun, joined, grown out of one server's own, or cut down to a single member.

A member is known by its name, which has some random letters so that one which lost its data is another, and by the
address of its server. What the real one refuses is refused here: an address that has changed, a name that is taken.
"""

import secrets
import shutil
import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from sandbox.k3s_standin.arguments import Flags, command_line, with_user
from sandbox.k3s_standin.children import Children, log
from sandbox.k3s_standin.datastore import QUICK, Datastore, Kind, has_data, wait
from sandbox.k3s_standin.errors import FatalError
from sandbox.k3s_standin.etcd_client import EtcdClient, EtcdError
from sandbox.k3s_standin.facts import Facts

CLIENT_PORT, PEER_PORT = 2379, 2380
IS_ALONE = "is-alone"  # the mark of data whose next member has no others
LOCAL = f"https://127.0.0.1:{CLIENT_PORT}"
STRANGER_INTERVAL = 5.0  # seconds
PROMOTION_INTERVAL = 0.5


class Embedded:
    """This server's member."""

    def __init__(self, facts: Facts, children: Children, user_flags: list[str]) -> None:
        self._facts = facts
        self._layout = facts.layout
        self._children = children
        self._user_flags = user_flags
        self.url, self.peer_url = (f"https://{facts.node_ip}:{port}" for port in (CLIENT_PORT, PEER_PORT))
        self._name = ""
        self._tombstone = facts.layout.etcd / "tombstone"
        self._is_alone = facts.layout.etcd / IS_ALONE

    def start(self, others: EtcdClient | None) -> Datastore:
        """Run it, and wait until it is a member that votes; `others` are those to join, should it be none yet."""
        is_alone = self._is_alone.exists()
        more = {"force-new-cluster": "true"} if is_alone else {} if self.has_data else self._formation(others)
        self._name = (self._layout.etcd / "name").read_text()
        self._children.start("etcd", command_line(with_user(self._flags(more), self._user_flags)))
        client = self.client([LOCAL])
        # A read that all have to agree to: without enough of them there is no answer.
        wait(client, self._children, ready=lambda answers: answers.get("/registry/health"))
        if is_alone:
            client.call("cluster/member/update", {"ID": client.members()[0].id, "peerURLs": [self.peer_url]})
            self._is_alone.unlink()
        self._be_no_stranger(client)
        threading.Thread(target=_promote_learners, args=(client,), daemon=True).start()
        flags = {
            "etcd-servers": LOCAL,
            "etcd-cafile": str(self._layout.certificate("etcd/server-ca")),
            "etcd-certfile": str(self._layout.certificate("etcd/client")),
            "etcd-keyfile": str(self._layout.key("etcd/client")),
        }
        return Datastore(Kind.EMBEDDED, client, flags)

    @property
    def has_data(self) -> bool:
        return has_data(self._layout)

    def migrate(self) -> None:
        """Take over what this server had when it was one of a kind."""
        if self._layout.database.is_dir() and not self.has_data:
            log("Migrating content from sqlite to etcd")
            self.forget_others(self._layout.database)
            shutil.rmtree(self._layout.etcd, ignore_errors=True)
            self._layout.database.rename(self._layout.etcd)

    def forget_others(self, folder: Path) -> None:
        """Have the next start make it the only member, under a new name and at the address that it has by then."""
        (folder / IS_ALONE).touch()
        self._write_name(folder)

    def bury(self) -> None:
        """Put away what a member had that the others have removed, so that it can join anew."""
        if self._tombstone.exists():
            log("tombstone file has been detected, removing data dir to rejoin the cluster")
            shutil.rmtree(self._layout.etcd)

    def mark_as_removed(self) -> None:
        self._tombstone.touch()

    def _formation(self, others: EtcdClient | None) -> dict[str, str]:
        """Who the members are, before this one has data of its own that says so."""
        name_file = self._layout.etcd / "name"
        if not name_file.exists():
            self._layout.etcd.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write_name(self._layout.etcd)
        own = f"{name_file.read_text()}={self.peer_url}"
        if others is None:
            return {"initial-cluster": own, "initial-cluster-state": "new"}
        try:
            members = self._join(others, name_file)
        except EtcdError as error:
            raise FatalError(f"ETCD join failed: {error}") from error
        return {"initial-cluster": ",".join([own, *members]), "initial-cluster-state": "existing"}

    def _join(self, others: EtcdClient, name_file: Path) -> list[str]:
        """Become a member beside others, not voting yet; returns who these are."""
        before, name = others.members(), name_file.read_text()
        for member in before:
            if member.name not in {"", name} and member.name.rpartition("-")[0] == self._facts.node_name:
                name_file.unlink()
                raise FatalError("ETCD join failed: duplicate node name found, please use a unique name for this node")
        cluster = [f"{member.name}={member.peer_url}" for member in before if member.peer_url != self.peer_url]
        if len(cluster) == len(before):
            log(f"Adding member {name}={self.peer_url} to etcd cluster {cluster}")
            others.call("cluster/member/add", {"peerURLs": [self.peer_url], "isLearner": True})
        return cluster

    def client(self, urls: list[str]) -> EtcdClient:
        trust = ssl.create_default_context(cafile=str(self._layout.certificate("etcd/server-ca")))
        trust.load_cert_chain(self._layout.certificate("etcd/client"), self._layout.key("etcd/client"))
        return EtcdClient(urls, trust)

    def _write_name(self, folder: Path) -> None:
        (folder / "name").write_text(f"{self._facts.node_name}-{secrets.token_hex(4)}")

    def _flags(self, more: Mapping[str, str]) -> Flags:
        tls = self._layout
        flags = {
            "name": self._name,
            "data-dir": str(self._layout.etcd),
            "listen-client-urls": f"{LOCAL},{self.url}",
            "advertise-client-urls": self.url,
            "listen-peer-urls": f"https://127.0.0.1:{PEER_PORT},{self.peer_url}",
            "initial-advertise-peer-urls": self.peer_url,
            "client-cert-auth": "true",
            "trusted-ca-file": str(tls.certificate("etcd/server-ca")),
            "cert-file": str(tls.certificate("etcd/server-client")),
            "key-file": str(tls.key("etcd/server-client")),
            "peer-client-cert-auth": "true",
            "peer-trusted-ca-file": str(tls.certificate("etcd/peer-ca")),
            "peer-cert-file": str(tls.certificate("etcd/peer-server-client")),
            "peer-key-file": str(tls.key("etcd/peer-server-client")),
            **QUICK,
            **more,
        }
        return {name: [value] for name, value in flags.items()}

    def _be_no_stranger(self, client: EtcdClient) -> None:
        """Wait as long as the others know this member at another address, which may be for ever."""
        while True:
            members = client.members()
            if any(member.name == self._name and member.peer_url == self.peer_url for member in members):
                return
            found = ", ".join(f"{member.name}={member.peer_url}" for member in members)
            log(
                "Failed to test data store connection: this server is a not a member of the etcd cluster. "
                f"Found [{found}], expect: {self._name}={self.peer_url}"
            )
            time.sleep(STRANGER_INTERVAL)
            self._children.check()


def _promote_learners(client: EtcdClient) -> None:
    """Let those that join vote as soon as they have caught up, for ever."""
    while True:
        try:
            for member in client.members():
                if member.is_learner:
                    client.call("cluster/member/promote", {"ID": member.id})
        except EtcdError:
            pass  # it has not caught up, or it is not for this member to say now
        time.sleep(PROMOTION_INTERVAL)
