"""How a virtual cluster's API is reached from outside the host: `spec.expose`.

Inside the host the API Service is the way, at port 443, whatever is exposed: pods remember it. So it becomes a
NodePort or a LoadBalancer itself where that leaves port 443 alone; a load balancer with other ports has a Service of
its own. etcd is exposed for who asks for it only.
"""

from reflectors.translation.json_values import Draft, listed
from vk_provider.controller.addresses import API_PORT, SERVER_PORT, api_address, balancers, server_url
from vk_provider.controller.cluster import Cluster, Ports
from vk_provider.controller.known import Known
from vk_provider.controller.names import Names, server_labels
from vk_provider.controller.objects import made_for, without_nothing
from vk_provider.controller.rules import is_host_name

ETCD_PORT = 2379
_HTTPS, _ETCD = "https", "etcd"


def api_service(cluster: Cluster, names: Names) -> Draft:
    """Return what everything inside the host reaches the API at; and what is outside too, where that fits."""
    kind = _kind(cluster)
    ports = [_port(_HTTPS, API_PORT, SERVER_PORT)]
    spec: Draft = {
        "type": kind,
        "selector": server_labels(cluster.name),
        "ports": ports,
        # Of several servers a ready one is to be asked. One alone may be asked before its probes have seen that it is.
        "publishNotReadyAddresses": cluster.spec.servers == 1,
    }
    if kind == "NodePort":
        asked_for = cluster.spec.expose.node_port or Ports()
        ports[0] |= without_nothing({"nodePort": asked_for.server_port})
        ports.extend(_etcd(asked_for.etcd_port, of_node=True))
    if kind != "ClusterIP":
        spec["externalTrafficPolicy"] = "Cluster"  # said, so that it can be taken back: other types must not have it
    service = made_for(cluster, "v1", "Service", names.service, spec=spec)
    return service if _has_balancer(cluster) else _annotated(service, cluster)


def exposing_objects(cluster: Cluster, names: Names) -> list[Draft]:
    """Return what is there for the outside alone."""
    balancer = [_balancer(cluster, names)] if _has_balancer(cluster) else []
    ingress = [_ingress(cluster, names)] if cluster.spec.expose.ingress is not None else []
    return [*balancer, *ingress]


def endpoint(cluster: Cluster, known: Known, names: Names) -> str:
    """Return the URL for who is outside, as far as it is known; until then the one for inside. Empty without any."""
    expose, inside = cluster.spec.expose, api_address(cluster, known)
    hosts = [host for host in _hosts(cluster) if not host.startswith("*")]
    if expose.ingress is not None and hosts:
        return server_url(hosts[0], API_PORT)
    if expose.load_balancer is not None:
        found = balancers(known, names.balancer if _has_balancer(cluster) else names.service)
        if found:
            return server_url(found[0], expose.load_balancer.server_port or API_PORT)
    if expose.node_port is not None and cluster.spec.tls_sans:
        port = _node_port(known, names)
        if port:  # nobody told us the address of a node, but by which name people come
            return server_url(cluster.spec.tls_sans[0], port)
    return server_url(inside, API_PORT) if inside else ""


def _kind(cluster: Cluster) -> str:
    expose = cluster.spec.expose
    if expose.node_port is not None:
        return "NodePort"
    is_balanced = expose.load_balancer is not None and not _has_balancer(cluster)
    return "LoadBalancer" if is_balanced else "ClusterIP"


def _has_balancer(cluster: Cluster) -> bool:
    """Tell whether there is a load balancer whose ports are others than those inside."""
    ports = cluster.spec.expose.load_balancer
    return ports is not None and (ports.server_port not in (None, API_PORT) or (ports.etcd_port or 0) > 0)


def _balancer(cluster: Cluster, names: Names) -> Draft:
    asked_for = cluster.spec.expose.load_balancer or Ports()
    ports = [_port(_HTTPS, asked_for.server_port or API_PORT, SERVER_PORT), *_etcd(asked_for.etcd_port, of_node=False)]
    spec = {"type": "LoadBalancer", "selector": server_labels(cluster.name), "ports": ports}
    return _annotated(made_for(cluster, "v1", "Service", names.balancer, spec=spec), cluster)


def _ingress(cluster: Cluster, names: Names) -> Draft:
    """Return the Ingress; that its controller passes TLS through untouched is for its annotations to say."""
    asked_for = cluster.spec.expose.ingress
    assert asked_for is not None, "asked for an Ingress that is not wanted"  # noqa: S101 - for mypy
    backend = {"service": {"name": names.service, "port": {"number": API_PORT}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": host, "http": {"paths": paths}} for host in _hosts(cluster)]
    spec = {"rules": rules, **without_nothing({"ingressClassName": asked_for.ingress_class_name})}
    ingress = made_for(cluster, "networking.k8s.io/v1", "Ingress", names.ingress, spec=spec)
    ingress["metadata"] |= without_nothing({"annotations": dict(asked_for.annotations)})
    return ingress


def _annotated(service: Draft, cluster: Cluster) -> Draft:
    annotations = without_nothing({"annotations": dict(cluster.spec.expose.annotations)})
    return {**service, "metadata": {**service["metadata"], **annotations}}


def _etcd(number: int | None, *, of_node: bool) -> list[Draft]:
    if number is None or number <= 0:
        return []
    if of_node:
        return [{**_port(_ETCD, ETCD_PORT, ETCD_PORT), "nodePort": number}]
    return [_port(_ETCD, number, ETCD_PORT)]


def _port(name: str, number: int, target: int) -> Draft:
    return {"name": name, "port": number, "targetPort": target, "protocol": "TCP"}


def _node_port(known: Known, names: Names) -> int:
    ports = listed(known.spec("Service", names.service), "ports")
    return next((int(port.get("nodePort") or 0) for port in ports if port.get("name") == _HTTPS), 0)


def _hosts(cluster: Cluster) -> list[str]:
    """Return the DNS names under which an Ingress leads to the API."""
    return [name for name in cluster.spec.tls_sans if is_host_name(name)]
