"""How a pod resolves names: by the virtual cluster's DNS Service, in the virtual namespace's search path.

The host's cluster DNS is never asked: it knows other tenants' Services, and the pod's namespace by another name. The
API server's name is resolved without any DNS at all, for it is what the virtual cluster's DNS itself starts from.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from reflectors.translation.allow_list import Lost
from reflectors.translation.context import Context, Version
from reflectors.translation.json_values import Draft, Json, fresh, listed, mapped
from reflectors.translation.service_addresses import cluster_ip

_DNS_NAMESPACE, _DNS_NAME, _DNS_LABEL = "kube-system", "kube-dns", ("k8s-app", "kube-dns")
_NDOTS = {"name": "ndots", "value": "5"}  # what a kubelet sets for ClusterFirst
_MAX_NAMESERVERS = 3  # resolv.conf's limit, which API servers enforce


@dataclass(frozen=True, slots=True)
class Resolution:
    spec: Draft  # the fields of the host pod's spec that have to do with names
    lost: list[Lost] = field(default_factory=list)


def resolution(spec: Json, namespace: str, context: Context) -> Resolution:
    policy = _effective_policy(spec)
    own = mapped(spec, "dnsConfig")
    aliases = {"hostAliases": [*fresh(listed(spec, "hostAliases")), *_own_aliases(spec, namespace, context)]}
    if policy != "ClusterFirst":
        return _within_limits(aliases | {"dnsPolicy": policy, "dnsConfig": fresh(own)}, context.host_version)
    server = dns_address(context)
    if server is None:
        return _within_limits(aliases | {"dnsPolicy": "Default", "dnsConfig": fresh(own)}, context.host_version)
    config = {
        "nameservers": _distinct([server, *listed(own, "nameservers")]),
        "searches": _distinct([*_searches(namespace, context.cluster_domain), *listed(own, "searches")]),
        "options": _options(listed(own, "options")),
    }
    return _within_limits(aliases | {"dnsPolicy": "None", "dnsConfig": config}, context.host_version)


def dns_address(context: Context) -> str | None:
    """Return the address of the virtual cluster's DNS Service; None as long as there is none."""
    if context.dns_address is not None:
        return context.dns_address
    candidates = [each for each in (context.services or {}).get(_DNS_NAMESPACE, ()) if cluster_ip(each)]
    named = [each for each in candidates if each["metadata"]["name"] == _DNS_NAME]
    key, value = _DNS_LABEL
    labelled = [each for each in candidates if mapped(each["metadata"], "labels").get(key) == value]
    return next((cluster_ip(each) for each in (*named, *labelled)), None)


def _effective_policy(spec: Json) -> str:
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    if policy == "ClusterFirstWithHostNet":
        return "ClusterFirst"
    return "Default" if policy == "ClusterFirst" and spec.get("hostNetwork") else str(policy)


def _searches(namespace: str, domain: str) -> list[str]:
    return [f"{namespace}.svc.{domain}", f"svc.{domain}", domain]


def _options(own: Iterable[Json]) -> list[Draft]:
    """Return the options with the pod's own in place of ours where both name one."""
    return list({option.get("name"): dict(option) for option in (_NDOTS, *own)}.values())


def _own_aliases(spec: Json, namespace: str, context: Context) -> list[Draft]:
    return [] if spec.get("hostNetwork") else [_api_server_alias(namespace, context)]


def _api_server_alias(namespace: str, context: Context) -> Draft:
    names = ["kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{context.cluster_domain}"]
    return {"ip": context.api_server.ip, "hostnames": ["kubernetes", *names] if namespace == "default" else names}


def _within_limits(spec: Draft, host_version: Version) -> Resolution:
    """Cut what an API server would refuse, as a kubelet cuts it."""
    config = spec["dnsConfig"]
    limits = {"nameservers": _MAX_NAMESERVERS, "searches": _fitting(config.get("searches") or [], host_version)}
    lost = [
        Lost(f"spec.dnsConfig.{name}", f"only the first {limit} fit: left out {', '.join(config[name][limit:])}")
        for name, limit in limits.items()
        if len(config.get(name) or []) > limit
    ]
    kept = {name: value[: limits.get(name)] for name, value in config.items() if value}
    return Resolution(spec | {"dnsConfig": kept} if kept else _without_config(spec), lost)


def _fitting(searches: list[str], host_version: Version) -> int:
    """Return how many of the search domains the host takes."""
    most, most_characters = (32, 2048) if host_version >= (1, 26) else (6, 256)
    return max(
        count for count in range(min(most, len(searches)) + 1) if len(" ".join(searches[:count])) <= most_characters
    )


def _without_config(spec: Draft) -> Draft:
    return {name: value for name, value in spec.items() if name != "dnsConfig"}


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
