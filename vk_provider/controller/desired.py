"""What a Cluster is to look like on the host, as far as what is known already allows.

Promises: the same answer, byte for byte, when asked again with the answer applied; new keys are made only where there
are none. What needs an address that the host has not given yet is left out, so this is asked again after applying.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from reflectors.translation.json_values import Draft
from vk_provider.controller import credentials, provider_objects, services
from vk_provider.controller.addresses import api_address, dns_address
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.installation import Installation
from vk_provider.controller.k3s_config import config_files
from vk_provider.controller.known import Known, contents
from vk_provider.controller.names import Names
from vk_provider.controller.objects import secret
from vk_provider.controller.server import stateful_set
from vk_provider.controller.versions import wanted_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    objects: Sequence[Draft]
    obsolete: Sequence[tuple[str, str]] = ()  # kind and name of what is known and must go
    renew_at: datetime | None = None  # when to ask again, though nothing else may have happened


def desired(cluster: Cluster, known: Known, installation: Installation, now: datetime) -> Desired:
    """Return everything of the Cluster that can be made now. Raises VersionError."""
    return Desired(objects=list(_objects(cluster, known, installation, now)))


def _objects(cluster: Cluster, known: Known, installation: Installation, now: datetime) -> Iterator[Draft]:
    names = Names(cluster.name, cluster.namespace)
    yield services.api_service(cluster, names)
    yield services.dns_reservation(cluster)
    yield services.provider_service(cluster, names)
    yield services.headless_service(cluster, names)
    yield provider_objects.service_account(cluster, names)
    yield provider_objects.role_binding(cluster, names)
    yield provider_objects.sync_config_map(cluster, names)
    token = credentials.token_secret(cluster, names, known)
    authorities = credentials.authorities_secret(cluster, names, known, now)
    yield token
    yield authorities
    if not api_address(cluster, known):
        return
    files = contents(authorities)
    yield credentials.admin_secret(cluster, names, known, files, now)
    if known.cluster_ip(names.provider) and dns_address(cluster, known):
        yield credentials.provider_secret(cluster, names, known, files, now)
        version = wanted_version(cluster.spec.version, installation.host_version, cluster.status.version)
        config = config_files(cluster, known, installation, contents(token)[credentials.TOKEN].decode())
        yield secret(cluster, names.server_config, config)
        yield stateful_set(cluster, names, installation, version=version, config=config)
        yield provider_objects.deployment(cluster, names, known, installation)
