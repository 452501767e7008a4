"""The addresses and node ports of a Service, on which both clusters agree: the host decides, the virtual one adopts.

What the virtual Service has is asked of the host, which gives something else if that is taken. A cluster IP cannot be
changed while a Service has one, so the virtual Service loses its own for a moment: it becomes an ExternalName, and then
itself again with the host's address. What it is to become again is kept in an annotation: whoever comes later, after a
crash in between, goes on from there. `meant` is the Service as its tenant knows it, also in that moment.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from reflectors.translation.json_values import Draft, Json, fresh, listed, mapped
from reflectors.translation.metadata import ADDRESS_REFUSED, AGREEING

EXTERNAL_NAME = "ExternalName"
PLACEHOLDER = "address-is-being-agreed-on.invalid"  # resolves nowhere

_ADDRESSES = ("clusterIP", "clusterIPs")
# What an ExternalName may not have or loses. Node ports are kept beside these.
_KEPT = (
    "type",
    *_ADDRESSES,
    "allocateLoadBalancerNodePorts",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "internalTrafficPolicy",
    "ipFamilies",
    "ipFamilyPolicy",
    "loadBalancerClass",
    "loadBalancerSourceRanges",
)


def meant(virtual: Json) -> Json:
    """Return the Service as it is when no address is being agreed on."""
    kept = _kept(virtual)
    if kept is None:
        return virtual
    ports = mapped(kept, "nodePorts")
    spec = {field: value for field, value in virtual["spec"].items() if field != "externalName"}
    spec |= {field: kept[field] for field in _KEPT if field in kept}
    spec["ports"] = [_with_node_port(port, ports.get(_name(port))) for port in listed(spec, "ports")]
    return {**virtual, "spec": spec}


def is_external(service: Json) -> bool:
    return bool(service["spec"].get("type") == EXTERNAL_NAME)


def is_headless(service: Json) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def addresses(service: Json) -> list[str]:
    """Return the cluster IPs, the primary one first; none for a headless Service."""
    spec = service["spec"]
    primary = spec.get("clusterIP")
    return [] if not primary or primary == "None" else list(listed(spec, "clusterIPs") or [primary])


def cluster_ip(service: Json) -> str | None:
    """Return the primary cluster IP; None for a Service that has none."""
    return next(iter(addresses(service)), None)


def wishes(virtual: Json) -> Draft:
    """Return what to ask for on behalf of a host Service that has none of these fields yet."""
    spec = virtual["spec"]
    given = {field: fresh(spec[field]) for field in _ADDRESSES if addresses(virtual) and spec.get(field)}
    return given | ({"healthCheckNodePort": spec["healthCheckNodePort"]} if spec.get("healthCheckNodePort") else {})


def attempts(body: Draft) -> list[Draft]:
    """Return what to send to the host, one after the other until one is taken: ever less of it is the tenant's wish."""
    bodies = [body]
    for less in (
        _without_addresses(body),
        _without_node_ports(body),
        _without_node_ports(_without_addresses(body)),
        _without_families(_without_node_ports(_without_addresses(body))),
    ):
        if less not in bodies:
            bodies.append(less)
    return bodies


def is_adopting(virtual: Json) -> bool:
    return _kept(virtual) is not None


def is_agreed(virtual: Json, host: Json) -> bool:
    """Whether both have the same cluster IPs and health check port, as far as both have any."""
    ports = [service["spec"].get("healthCheckNodePort") for service in (virtual, host)]
    same_addresses = all(one == other for one, other in zip(addresses(virtual), addresses(host), strict=False))
    return same_addresses and (not all(ports) or ports[0] == ports[1])


def is_refused(virtual: Json, host: Json) -> bool:
    """Whether the virtual API server would not have the host's addresses."""
    return mapped(virtual["metadata"], "annotations").get(ADDRESS_REFUSED) == ",".join(addresses(host))


def released(virtual: Json) -> Draft:
    """Return the merge patch by which a virtual Service loses its addresses for a moment."""
    spec = virtual["spec"]
    kept = {field: spec[field] for field in _KEPT if spec.get(field) is not None}
    node_ports = {_name(port): port["nodePort"] for port in listed(spec, "ports") if port.get("nodePort")}
    emptied = dict.fromkeys(field for field in _KEPT if field in spec)
    bare = {"ports": [_with_node_port(port, None) for port in spec["ports"]]} if node_ports else {}
    memory = orjson.dumps(kept | {"nodePorts": node_ports}).decode()
    return {
        "metadata": _exactly(virtual) | {"annotations": {AGREEING: memory}},
        "spec": emptied | bare | {"type": EXTERNAL_NAME, "externalName": PLACEHOLDER},
    }


def restored(virtual: Json, host: Json | None) -> list[Draft]:
    """Return the merge patches, the best one first, that make a Service without addresses itself again.

    The virtual API server may not take the host's; then it gets its own back, and both stay different.
    """
    own = meant(virtual)["spec"]
    plain = {field: fresh(own[field]) for field in _KEPT if field in own and field not in _ADDRESSES}
    plain["externalName"] = None
    bare = plain | {"ports": [_with_node_port(port, None) for port in own["ports"]]} if own.get("ports") else plain
    given = {field: own[field] for field in _ADDRESSES if own.get(field)}
    if host is None or not addresses(host):
        return [_restoration(virtual, plain | given), _restoration(virtual, bare)]
    hosts = host["spec"]
    theirs = {field: fresh(hosts[field]) for field in (*_ADDRESSES, "healthCheckNodePort") if hosts.get(field)}
    families = {"ipFamilies": fresh(hosts["ipFamilies"])} if own.get("ipFamilies") and hosts.get("ipFamilies") else {}
    with_ports = {"ports": _with_node_ports_of(own, host)} if own.get("ports") else {}
    why = ",".join(addresses(host))
    return [
        _restoration(virtual, plain | with_ports | theirs | families),
        _restoration(virtual, bare | theirs | families),
        _restoration(virtual, bare | given, refused=why),
        _restoration(virtual, bare, refused=why),
    ]


def adopted_node_ports(virtual: Json, host: Json) -> Draft | None:
    """Return the merge patch that gives a virtual Service the host's node ports; None when it has them."""
    ports = listed(virtual["spec"], "ports")
    adopted = _with_node_ports_of(virtual["spec"], host)
    if adopted == list(ports) or not any(port.get("nodePort") for port in ports):
        return None
    return {"metadata": _exactly(virtual), "spec": {"ports": adopted}}


def _kept(virtual: Json) -> Json | None:
    """Return what is remembered of a Service whose address is being agreed on; None if it is not."""
    spec, memory = virtual["spec"], mapped(virtual["metadata"], "annotations").get(AGREEING)
    if memory is None or spec.get("externalName") != PLACEHOLDER or not is_external(virtual):
        return None
    try:
        kept = orjson.loads(memory)
    except orjson.JSONDecodeError:  # the tenant's own work
        kept = {}
    kept = kept if isinstance(kept, dict) else {}
    return kept if kept.get("type") not in {None, EXTERNAL_NAME} else {"type": "ClusterIP"}


def _restoration(virtual: Json, spec: Draft, *, refused: str | None = None) -> Draft:
    annotations = {AGREEING: None, ADDRESS_REFUSED: refused}
    return {"metadata": _exactly(virtual) | {"annotations": annotations}, "spec": spec}


def _with_node_ports_of(spec: Json, host: Json) -> list[Draft]:
    theirs = {_name(port): port.get("nodePort") for port in listed(host["spec"], "ports")}
    return [_with_node_port(port, theirs.get(_name(port)) or port.get("nodePort")) for port in listed(spec, "ports")]


def _with_node_port(port: Json, node_port: Any) -> Draft:
    plain = {field: value for field, value in port.items() if field != "nodePort"}
    return plain | ({"nodePort": node_port} if node_port else {})


def _without_addresses(body: Draft) -> Draft:
    spec = mapped(body, "spec")
    if not spec.get("clusterIP") or spec["clusterIP"] == "None":
        return body
    return body | {"spec": _without(spec, _ADDRESSES)}


def _without_node_ports(body: Draft) -> Draft:
    spec = mapped(body, "spec")
    plain = _without(spec, ("healthCheckNodePort",) if spec.get("healthCheckNodePort") else ())
    ports: Sequence[Json] = listed(spec, "ports")
    if any(port.get("nodePort") for port in ports):
        plain["ports"] = [_with_node_port(port, None) for port in ports]
    return body if plain == spec else body | {"spec": plain}


def _without_families(body: Draft) -> Draft:
    spec = mapped(body, "spec")
    if not (spec.get("ipFamilies") or spec.get("ipFamilyPolicy")) or spec.get("ipFamilyPolicy") == "RequireDualStack":
        return body
    return body | {"spec": _without(spec, ("ipFamilies", "ipFamilyPolicy"))}


def _without(spec: Json, fields: Iterable[str]) -> Draft:
    left_out = set(fields)
    return {field: value for field, value in spec.items() if field not in left_out}


def _name(port: Json) -> str:
    return port.get("name") or ""


def _exactly(virtual: Json) -> Draft:
    """Return the metadata that let a patch strike only what was looked at."""
    return {"uid": virtual["metadata"]["uid"], "resourceVersion": virtual["metadata"]["resourceVersion"]}
