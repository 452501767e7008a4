"""Where a server keeps its objects: an etcd of its own in SQLite's place, one that is shared among servers, or outside.

Which it is, is decided as the real one does: what is on disk goes before what is asked for.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from sandbox.k3s_standin.children import Children
from sandbox.k3s_standin.errors import FatalError
from sandbox.k3s_standin.etcd_client import EtcdClient, EtcdError
from sandbox.k3s_standin.facts import Facts
from sandbox.k3s_standin.layout import Layout
from sandbox.k3s_standin.settings import Settings

START_LIMIT = 300.0  # seconds; several servers that begin at once wait for each other
INTERVAL = 0.03
QUICK = {
    "heartbeat-interval": "100",
    "election-timeout": "1000",
    "log-level": "error",
    "logger": "zap",
    "quota-backend-bytes": "4294967296",
    # What a power cut may eat, and no test makes one.
    "unsafe-no-fsync": "true",
}


class Kind(Enum):
    """What there is to choose from."""

    ALONE = "sqlite"
    EMBEDDED = "etcd"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Datastore:
    """A datastore that answers."""

    kind: Kind
    client: EtcdClient
    flags: Mapping[str, str]  # of kube-apiserver


def chosen(settings: Settings, layout: Layout) -> Kind:
    if has_data(layout):
        return Kind.EMBEDDED
    if settings.text("datastore-endpoint"):
        return Kind.EXTERNAL
    if settings.switch("cluster-init") or (
        settings.text("server") and settings.text("token") + settings.text("token-file")
    ):
        return Kind.EMBEDDED
    return Kind.ALONE


def has_data(layout: Layout) -> bool:
    """Whether this server's etcd has been a member before: an attempt to join that failed leaves less behind."""
    return (layout.etcd / "member" / "wal").is_dir()


def start_alone(facts: Facts, children: Children) -> Datastore:
    """Begin to run this server's own; it answers no one else."""
    client, peer = f"http://127.0.0.1:{facts.port + 2}", f"http://127.0.0.1:{facts.port + 3}"
    flags = {
        "data-dir": str(facts.layout.database),
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        **QUICK,
    }
    children.start("etcd", [f"--{name}={value}" for name, value in flags.items()])
    return Datastore(Kind.ALONE, EtcdClient([client], None), {"etcd-servers": client})


def external(settings: Settings) -> Datastore:
    """The one whose address was given; here only an etcd can be it."""
    endpoints = settings.listing("datastore-endpoint")
    if not all(endpoint.startswith(("http://", "https://")) for endpoint in endpoints):
        raise FatalError(
            "the stand-in knows of external datastores only etcd: write datastore-endpoint like https://host:2379"
        )
    files = {name: settings.text(f"datastore-{name}") for name in ("cafile", "certfile", "keyfile")}
    secured = endpoints[0].startswith("https://")
    trust = ssl.create_default_context(cafile=files["cafile"] or None) if secured else None
    if trust is not None and files["certfile"]:
        trust.load_cert_chain(files["certfile"], files["keyfile"])
    flags = {f"etcd-{name}": file for name, file in files.items() if file}
    return Datastore(Kind.EXTERNAL, EtcdClient(endpoints, trust), {"etcd-servers": ",".join(endpoints), **flags})


def wait(client: EtcdClient, children: Children, *, ready: Callable[[EtcdClient], object] = EtcdClient.members) -> None:
    """Until the datastore answers."""
    deadline = time.monotonic() + START_LIMIT
    while True:
        children.check()
        try:
            ready(client)
        except EtcdError as error:
            if time.monotonic() > deadline:
                raise FatalError(f"Failed to test data store connection: {error}") from error
            time.sleep(INTERVAL)
        else:
            return
