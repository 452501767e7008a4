"""How several servers are one cluster: who begins, who joins, at which addresses they know each other.

etcd knows its members by their addresses, and K3s takes a server whose address has changed for a stranger. Pods get
another address each time, so each server has a Service, whose address is the one that the others know. Servers join
one after the other, by the API Service, behind which are those that are ready; one that has lost its data joins
again in the same way, the very first one too: it must not begin a second cluster.
"""

import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from reflectors.translation.json_values import Draft, Json, mapped
from vk_provider.controller.addresses import API_PORT, SERVER_PORT, api_address, bracketed, dns_service
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.k3s_config import COMMON
from vk_provider.controller.known import Known
from vk_provider.controller.names import CONFIG_HASH, Names, server_labels
from vk_provider.controller.objects import made_for
from vk_provider.controller.server_args import has_external_datastore
from vk_provider.controller.yaml_files import read

POD_NAME = "statefulset.kubernetes.io/pod-name"
_PORTS = {"https": SERVER_PORT, "etcd-client": 2379, "etcd-peer": 2380}
# The addresses that others know are those of Services, which no program can listen at.
_LISTEN = ["listen-client-urls=https://0.0.0.0:2379", "listen-peer-urls=https://0.0.0.0:2380"]


def is_etcd(cluster: Cluster, known: Known, names: Names) -> bool:
    """Tell whether the servers keep their objects in an etcd of their own; once they do, they always do."""
    if has_external_datastore(cluster.spec):
        return False
    return cluster.spec.servers > 1 or file_of(names.server(0)) in known.files(names.server_config)


def server_services(cluster: Cluster, names: Names) -> list[Draft]:
    """Return a Service for each server, at which it is known before it is ready."""
    return [_server_service(cluster, names, number) for number in range(cluster.spec.servers)]


def addresses(cluster: Cluster, known: Known, names: Names) -> list[str]:
    """Return the servers' addresses in order; empty where there is none yet."""
    return [known.cluster_ip(names.server(number)) for number in range(cluster.spec.servers)]


def member_configs(cluster: Cluster, known: Known, names: Names, token: str) -> dict[str, Draft]:
    """Return what of the configuration is each server's own, by the name of its pod."""
    configs: dict[str, Draft] = {}
    for number, address in enumerate(addresses(cluster, known, names)):
        config: Draft = {"node-ip": [address], "etcd-arg+": _LISTEN}
        if number or is_formed(cluster, known, names):
            config |= {"server": f"https://{bracketed(api_address(cluster, known))}:{API_PORT}", "token": token}
        elif cluster.spec.servers > 1:
            config["cluster-init"] = True
        configs[names.server(number)] = config
    return configs


def is_formed(cluster: Cluster, known: Known, names: Names) -> bool:
    """Tell whether there are servers that the first one would have to join, had it lost its data.

    What is on disk is remembered for ever; without disks it is as the host says now, or a cluster whose servers were
    all lost at once would wait for itself.
    """
    if cluster.spec.servers == 1:
        return False
    if ready_servers(known, names) > 1:
        return True
    own = _config_in_use(known, names, file_of(names.server(0)))
    return cluster.spec.persistence.type == "dynamic" and "server" in own


def token_in_use(known: Known, names: Names) -> bytes | None:
    """Return the token that the servers were told; None if there are none yet."""
    token = _config_in_use(known, names, COMMON).get("token")
    return str(token).encode() if token else None


def former_addresses(cluster: Cluster, known: Known, names: Names) -> dict[str, str]:
    """Return the addresses of Services that the servers were told, by the Services' names.

    Pods, certificates and etcd's members go on using them: a Service that somebody deleted has to have its own again.
    """
    common = _config_in_use(known, names, COMMON)
    found = {names.service: common.get("advertise-address"), dns_service(cluster): common.get("cluster-dns")}
    for number in range(cluster.spec.servers):
        own = _config_in_use(known, names, file_of(names.server(number)))
        found[names.server(number)] = next(iter(own.get("node-ip") or ()), None)
    return {service: address for service, address in found.items() if address}


def file_of(pod: str) -> str:
    return f"{pod}.yaml"


def ready_servers(known: Known, names: Names) -> int:
    count: int = known.status("StatefulSet", names.servers).get("readyReplicas") or 0
    return count


def next_replicas(cluster: Cluster, known: Known, names: Names, config_hash: str) -> int:
    """Return how many servers there are to be now: one more or less than before, once those that are there agree."""
    wanted, has = cluster.spec.servers, known.spec("StatefulSet", names.servers).get("replicas")
    if has is None:
        return 1
    if wanted < has:
        return int(has) - _is_followed(known, names, has)
    return int(has) + (wanted > has and _is_settled(known, names, has, config_hash))


def full_token(token: str, server_ca: bytes) -> str:
    """Return the token by which a server also knows whom it joins."""
    certificates = x509.load_pem_x509_certificates(server_ca)
    content = server_ca if len(certificates) == 1 else _root(certificates).public_bytes(Encoding.DER)
    return f"K10{hashlib.sha256(content).hexdigest()}::server:{token}"


def _is_followed(known: Known, names: Names, replicas: int) -> bool:
    """Tell whether the host has made of the StatefulSet what was asked for last."""
    stateful_set = known.objects["StatefulSet", names.servers]
    status = mapped(stateful_set, "status")
    is_seen = status.get("observedGeneration", 0) >= stateful_set["metadata"].get("generation", 0)
    return is_seen and status.get("replicas") == replicas


def _is_settled(known: Known, names: Names, replicas: int, config_hash: str) -> bool:
    """Tell whether all servers that are to be there are ready, and as they are to be."""
    stateful_set = known.objects["StatefulSet", names.servers]
    status = mapped(stateful_set, "status")
    are_ready = (status.get("readyReplicas"), status.get("updatedReplicas")) == (replicas, replicas)
    return are_ready and _is_followed(known, names, replicas) and _config_hash(stateful_set) == config_hash


def _config_hash(stateful_set: Json) -> str:
    metadata = mapped(mapped(mapped(stateful_set, "spec"), "template"), "metadata")
    return str(mapped(metadata, "annotations").get(CONFIG_HASH, ""))


def _root(certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    return next((each for each in certificates if each.issuer == each.subject), certificates[-1])


def _server_service(cluster: Cluster, names: Names, number: int) -> Draft:
    spec = {
        "publishNotReadyAddresses": True,
        "selector": {**server_labels(cluster.name), POD_NAME: names.server(number)},
        "ports": [{"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in _PORTS.items()],
    }
    return made_for(cluster, "v1", "Service", names.server(number), spec=spec)


def _config_in_use(known: Known, names: Names, file: str) -> Json:
    try:
        return read(known.files(names.server_config).get(file, b"{}"))
    except ValueError:  # somebody else wrote it, and it will be written again
        return {}
