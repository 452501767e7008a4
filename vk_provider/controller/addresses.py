"""Where a virtual cluster is reached: by whom, under which names, at which URL."""

from collections.abc import Iterator

from reflectors.translation.host_names import Origin, host_name
from reflectors.translation.json_values import Json, listed, mapped
from reflectors.translation.reservations import DNS_NAME, DNS_NAMESPACE
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.known import Known
from vk_provider.controller.names import Names

API_PORT = 443  # of the API Service, inside the host cluster, whatever is exposed
SERVER_PORT = 6443  # of the servers


def api_address(cluster: Cluster, known: Known) -> str:
    """Return the address at which everything inside the host reaches the API; empty while there is none."""
    return known.cluster_ip(Names(cluster.name, cluster.namespace).service)


def dns_address(cluster: Cluster, known: Known) -> str:
    """Return the address of the virtual cluster's DNS; empty while there is none."""
    return known.cluster_ip(dns_service(cluster))


def dns_service(cluster: Cluster) -> str:
    return host_name(Origin("Service", cluster.namespace, cluster.name, DNS_NAMESPACE, DNS_NAME))


def served_names(cluster: Cluster, known: Known) -> list[str]:
    """Return all names and addresses under which the API is reached, sorted, each once."""
    names = Names(cluster.name, cluster.namespace)
    service = names.service
    inside = [service, f"{service}.{cluster.namespace}", f"{service}.{cluster.namespace}.svc", "localhost"]
    given = [address for each in (service, names.balancer) for address in balancers(known, each)]
    return sorted({*inside, *cluster.spec.tls_sans, api_address(cluster, known), *given} - {""})


def balancers(known: Known, service: str) -> list[str]:
    """Return the addresses and names that a load balancer has given to one of our Services."""
    ingress = listed(mapped(known.status("Service", service), "loadBalancer"), "ingress")
    return [address for each in ingress for address in _addresses(each)]


def server_url(host: str, port: int) -> str:
    """Return the URL of the API there; without the port where that is the usual one."""
    return f"https://{bracketed(host)}" if port == API_PORT else f"https://{bracketed(host)}:{port}"


def bracketed(host: str) -> str:
    """Return a host as URLs have it."""
    return f"[{host}]" if ":" in host else host


def _addresses(ingress: Json) -> Iterator[str]:
    for field in ("ip", "hostname"):
        if ingress.get(field):
            yield ingress[field]
