"""What a Cluster is to look like on the host, as far as what is known already allows.

Promises: the same answer, byte for byte, when asked again with the answer applied; new keys are made only where there
are none; nothing is taken away but what is this very Cluster's. What needs an address that the host has not given yet
is left out, so this is asked again after applying.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reflectors.translation.json_values import Draft, Json, listed, mapped
from vk_provider.controller import credentials, exposure, membership, provider_objects, services
from vk_provider.controller.addresses import api_address, dns_address
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.given_secrets import TOKEN, given_token
from vk_provider.controller.installation import Installation
from vk_provider.controller.k3s_config import COMMON, common_config, hash_of
from vk_provider.controller.known import Known, contents
from vk_provider.controller.names import Names
from vk_provider.controller.network_policy import closed, network_policy
from vk_provider.controller.objects import secret
from vk_provider.controller.pki import SERVER_CA
from vk_provider.controller.server import Servers, stateful_set
from vk_provider.controller.versions import wanted_version
from vk_provider.controller.yaml_files import written

# K3s renews its certificates, which last a year, only when it starts.
SERVER_RENEWAL = timedelta(days=270)
_COME_AND_GO = frozenset({"Service", "Ingress", "ClusterRoleBinding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    objects: Sequence[Draft]
    obsolete: Sequence[tuple[str, str]] = ()  # kind and name of what is known and must go
    leaving: Sequence[str] = ()  # servers' pods that applying this takes away: members of an etcd until then
    renew_at: datetime | None = None  # when to ask again, though nothing else may have happened


@dataclass(frozen=True, slots=True)
class _World:
    """All that decisions depend on."""

    cluster: Cluster
    names: Names
    known: Known
    installation: Installation
    now: datetime


def desired(cluster: Cluster, known: Known, installation: Installation, now: datetime) -> Desired:
    """Return everything of the Cluster that can be made now.

    The Cluster has to be accepted, and the Secrets that it names have to be there and in order; see `given_secrets`.
    """
    world = _World(cluster, Names(cluster.name, cluster.namespace), known, installation, now)
    objects = [*_foundation(world), *_credentials_and_servers(world)]
    times = [*credentials.renewals(objects), _server_renewal(world)]
    return Desired(
        objects=objects,
        obsolete=sorted(_obsolete(world, objects)),
        leaving=_leaving(world, objects),
        renew_at=min(times),
    )


def _foundation(world: _World) -> Iterator[Draft]:
    """Yield what depends on nothing."""
    former = membership.former_addresses(world.cluster, world.known, world.names)
    for body in _independent(world):
        name = body["metadata"]["name"]
        is_lost = body["kind"] == "Service" and name in former and ("Service", name) not in world.known.objects
        yield {**body, "spec": {**body["spec"], "clusterIP": former[name]}} if is_lost else body


def _independent(world: _World) -> Iterator[Draft]:
    cluster, names = world.cluster, world.names
    yield exposure.api_service(cluster, names)
    yield from exposure.exposing_objects(cluster, names)
    yield services.dns_reservation(cluster)
    yield services.provider_service(cluster, names)
    yield services.headless_service(cluster, names)
    if membership.is_etcd(cluster, world.known, names):
        yield from membership.server_services(cluster, names)
    yield closed(cluster, names)
    yield network_policy(cluster, names, world.installation)
    yield provider_objects.service_account(cluster, names)
    yield provider_objects.role_binding(cluster, names)
    yield from provider_objects.cluster_role_bindings(cluster, names)
    yield provider_objects.sync_config_map(cluster, names)


def _credentials_and_servers(world: _World) -> Iterator[Draft]:
    """Yield what hangs on keys, and on addresses as soon as they are known."""
    cluster, names, known = world.cluster, world.names, world.known
    token = membership.token_in_use(known, names) or given_token(cluster, known) or credentials.token(known, names)
    if cluster.spec.token_secret_ref is None:
        yield secret(cluster, names.token, {TOKEN: token})
    authorities = credentials.authorities_secret(cluster, names, known, world.now)
    yield authorities
    files = contents(authorities)
    if api_address(cluster, known):
        yield credentials.admin_secret(cluster, names, known, files, world.now)
    if _has_addresses(world):
        yield credentials.provider_secret(cluster, names, known, files, world.now)
        yield from _servers(world, token.decode(), files[f"{SERVER_CA}.crt"])
        yield provider_objects.deployment(cluster, names, known, world.installation)


def _servers(world: _World, token: str, server_ca: bytes) -> Iterator[Draft]:
    cluster, names, known = world.cluster, world.names, world.known
    common = common_config(cluster, known, world.installation, token)
    is_etcd = membership.is_etcd(cluster, known, names)
    full_token = membership.full_token(token, server_ca)
    members = membership.member_configs(cluster, known, names, full_token) if is_etcd else {}
    files = {membership.file_of(pod): written(config) for pod, config in members.items()}
    yield secret(cluster, names.server_config, {COMMON: written(common), **files})
    config_hash = hash_of(common, {"etcd": is_etcd})
    servers = Servers(
        version=wanted_version(cluster.spec.version, world.installation.host_version, cluster.status.version),
        replicas=membership.next_replicas(cluster, known, names, config_hash),
        config_hash=config_hash,
        renewal=_renewals(world),
    )
    yield stateful_set(cluster, names, world.installation, servers)


def _has_addresses(world: _World) -> bool:
    cluster, names, known = world.cluster, world.names, world.known
    needed = [api_address(cluster, known), dns_address(cluster, known), known.cluster_ip(names.provider)]
    if membership.is_etcd(cluster, known, names):
        needed.extend(membership.addresses(cluster, known, names))
    return all(needed)


def _renewals(world: _World) -> int:
    """Return how often servers had to start anew for their certificates since there are authorities."""
    return max(0, (world.now - _born(world)) // SERVER_RENEWAL)  # the host's clock may be ahead of ours


def _server_renewal(world: _World) -> datetime:
    return _born(world) + (_renewals(world) + 1) * SERVER_RENEWAL


def _born(world: _World) -> datetime:
    return world.known.born("Secret", world.names.authorities) or world.now


def _leaving(world: _World, objects: Iterable[Draft]) -> list[str]:
    has = world.known.spec("StatefulSet", world.names.servers).get("replicas") or 0
    wanted = next((body["spec"]["replicas"] for body in objects if body["kind"] == "StatefulSet"), has)
    return [world.names.server(number) for number in range(wanted, has)]


def _obsolete(world: _World, objects: Iterable[Draft]) -> Iterator[tuple[str, str]]:
    """Yield what was wanted once. What only waits for an address is no matter of these kinds."""
    wanted = {(body["kind"], body["metadata"]["name"]) for body in objects}
    wanted |= {("Service", world.names.server(number)) for number in range(_running(world))}
    for key, body in world.known.objects.items():
        if key[0] in _COME_AND_GO and key not in wanted and _is_of(world.cluster, body):
            yield key


def _running(world: _World) -> int:
    """Return how many servers there may still be."""
    replicas: int = world.known.status("StatefulSet", world.names.servers).get("replicas") or 0
    return replicas


def _is_of(cluster: Cluster, body: Json) -> bool:
    metadata = mapped(body, "metadata")
    owners = [owner.get("uid") for owner in listed(metadata, "ownerReferences")]
    # What has no namespace has no owner: it is told by its name, which the caller knows it by.
    return cluster.uid in owners or (not owners and not metadata.get("namespace"))
