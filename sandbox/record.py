"""What a sandbox consists of, on disk, so that any later command finds it."""

from pathlib import Path

import msgspec

from sandbox.errors import SandboxError
from sandbox.processes import Process


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One control plane. Its ports follow from its number."""

    name: str
    number: int
    address: str
    loopback: str
    controllers: bool
    binaries: str

    @property
    def port(self) -> int:
        """The API server's."""
        return 6443 + self.number

    def internal_port(self, offset: int) -> int:
        """One of five, for etcd, its peer, the controller-manager, the scheduler and what may come."""
        return 20000 + 5 * self.number + offset

    @property
    def server(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def etcd(self) -> str:
        return f"http://{self.loopback}:{self.internal_port(0)}"

    @property
    def etcd_peer(self) -> str:
        return f"http://{self.loopback}:{self.internal_port(1)}"


class Node(msgspec.Struct, frozen=True):
    """One node of the cluster `host`."""

    name: str
    number: int


class Record(msgspec.Struct):
    """All that was started and not yet ended."""

    index: int
    clusters: dict[str, Cluster] = {}
    nodes: dict[str, Node] = {}
    processes: dict[str, Process] = {}


def load(path: Path) -> Record | None:
    """The record, or None where no sandbox is."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise SandboxError(
            f"{path} is not a sandbox's record ({error}); run `python -m sandbox reset` to start afresh"
        ) from error


def save(record: Record, path: Path) -> None:
    """Replace the record on disk at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(record)))
    draft.rename(path)
