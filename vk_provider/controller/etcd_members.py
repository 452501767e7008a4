"""Who belongs to the etcd of several servers, and taking a server out of it before its pod goes.

K3s does that for servers that are Nodes; these are none. A member that is not taken out counts for the majority for
ever, and no server can join under its name again.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kube.certificates import KeyPair, Subject, issue
from kube.tls import TlsMaterial, client_context
from vk_provider.controller.addresses import bracketed
from vk_provider.controller.grpc import Endpoint, GrpcError, call, client_tls, field, fields

PORT, PEER_PORT = 2379, 2380
SERVER_NAME = "localhost"  # K3s has it in each server's certificate
_LIST, _REMOVE = "/etcdserverpb.Cluster/MemberList", "/etcdserverpb.Cluster/MemberRemove"
_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Member:
    id: int
    name: str  # `<pod>-<random>`; empty until it has started
    peer_urls: tuple[str, ...] = ()


def members_of(answer: bytes) -> list[Member]:
    """Read what etcd answers to MemberList. Raises ValueError."""
    return [_member(value) for number, value in fields(answer) if number == 2 and isinstance(value, bytes)]


@dataclass(frozen=True, slots=True)
class Server:
    pod: str
    address: str  # at which the other members know it

    def is_member(self, member: Member) -> bool:
        """Tell whether this is the server, by its name or, while it has not started, by its address."""
        own = f"https://{bracketed(self.address)}:{PEER_PORT}"
        return member.name.rpartition("-")[0] == self.pod or (not member.name and own in member.peer_urls)


async def dismiss(leaving: Sequence[Server], staying: Sequence[str], authority: KeyPair, now: datetime) -> list[Member]:
    """Take servers out of their etcd by way of those that stay, at their pods' addresses; return whom.

    `authority` signs etcd's certificates. Raises GrpcError.
    """
    tls = _tls(authority, now)
    failure: Exception = GrpcError("no server runs that could be asked")
    for address in staying:
        try:
            return await _dismiss(leaving, Endpoint(address, PORT, tls, SERVER_NAME))
        except (GrpcError, ValueError) as error:
            failure = error
    raise GrpcError(f"cannot take {', '.join(each.pod for each in leaving)} out of the servers' etcd: {failure}")


async def _dismiss(leaving: Sequence[Server], endpoint: Endpoint) -> list[Member]:
    members = members_of(await call(endpoint, _LIST, b""))
    former = [member for member in members if any(server.is_member(member) for server in leaving)]
    for member in former:
        await call(endpoint, _REMOVE, field(1, member.id))
    return former


def _tls(authority: KeyPair, now: datetime) -> ssl.SSLContext:
    try:
        pair = issue(authority, Subject("etcd-client"), usages=["client"], now=now, lifetime=_LIFE)
        return client_tls(client_context(TlsMaterial(authority.certificate, pair.certificate, pair.key)))
    except (OSError, TypeError, ValueError) as error:
        raise GrpcError(f"the etcd authority: {error}") from error


def _member(message: bytes) -> Member:
    number, name, urls = 0, "", []
    for key, value in fields(message):
        match key, value:
            case 1, int():
                number = value
            case 2, bytes():
                name = value.decode()
            case 3, bytes():
                urls.append(value.decode())
    return Member(number, name, tuple(urls))
