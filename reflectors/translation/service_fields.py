"""What becomes of each field of a Service's spec on the host."""

from collections.abc import Iterator

from reflectors.translation.allow_list import Fields, LeftOut, Lost, Replaced, copied, known_part
from reflectors.translation.context import Version
from reflectors.translation.json_values import Draft, Json

_ALLOCATED = Replaced("service_addresses.py")

SERVICE_SPEC: Fields = {
    **copied(
        "allocateLoadBalancerNodePorts externalIPs externalName externalTrafficPolicy internalTrafficPolicy ipFamilies"
        " ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges publishNotReadyAddresses"
        " sessionAffinity trafficDistribution type",
        ports=copied("appProtocol name nodePort port protocol targetPort"),
        sessionAffinityConfig=copied("", clientIP=copied("timeoutSeconds")),
    ),
    "clusterIP": _ALLOCATED,
    "clusterIPs": _ALLOCATED,
    "healthCheckNodePort": _ALLOCATED,
    "selector": Replaced("selectors.py"),
    "topologyKeys": LeftOut("gone since Kubernetes 1.22, and never more than a hint"),
}

# What an older host does not know it drops without a word; and what that changes nothing about.
_SINCE = {
    "allocateLoadBalancerNodePorts": (Version(1, 22), True),
    "internalTrafficPolicy": (Version(1, 22), "Cluster"),
    "loadBalancerClass": (Version(1, 22), None),
    "trafficDistribution": (Version(1, 31), None),
}


def known_fields(spec: Json, host_version: Version) -> tuple[Draft, list[Lost]]:
    """Return a copy of what a host of that version takes as it is, and what it does not."""
    known, unknown = known_part(spec, SERVICE_SPEC, "spec")
    too_new = {field for field, (since, _) in _SINCE.items() if field in known and host_version < since}
    kept = {field: value for field, value in known.items() if field not in too_new}
    return kept, [*unknown, *_missed(known, too_new, host_version)]


def _missed(known: Json, fields: set[str], host_version: Version) -> Iterator[Lost]:
    for field in sorted(fields):
        since, harmless = _SINCE[field]
        if known[field] != harmless:
            yield Lost(f"spec.{field}", f"needs Kubernetes {since} on the host, which is {host_version}")
