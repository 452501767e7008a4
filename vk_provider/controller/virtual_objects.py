"""What must be inside a virtual cluster before its provider can work, and for names to lead its pods to its own API.

The rules are those that the provider's documentation lists: a user of its own, no member of system:masters.
"""

from ipaddress import ip_address
from typing import Any

Draft = dict[str, Any]

PROVIDER_USER = "k3k.io:provider"
DNS_NAMESPACE = "kube-system"
DNS_CONFIG_MAP = "coredns-custom"  # K3s' CoreDNS reads it: keys that end with .override go into its main server block
DNS_KEY = "vk-provider.override"

_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_FOLLOW = ["list", "watch"]
_KEEP = [*_READ, "create", "patch", "delete"]
_TTL = 30


def provider_rules() -> list[Draft]:
    """Return what the provider may do in its virtual cluster."""
    return [
        _rule("", _KEEP, "nodes", "persistentvolumes"),
        _rule("", ["patch"], "nodes/status", "pods/status", "services/status", "persistentvolumeclaims/status"),
        _rule("coordination.k8s.io", ["create", "patch", "delete"], "leases"),
        _rule("", [*_READ, "delete"], "pods"),
        _rule("", ["create", "patch"], "events"),
        _rule("", ["create"], "serviceaccounts/token"),
        _rule("", _READ, "namespaces", "configmaps", "secrets"),
        _rule("", [*_READ, "patch"], "services", "persistentvolumeclaims"),
        _rule("", _FOLLOW, "endpoints"),
        _rule("discovery.k8s.io", _FOLLOW, "endpointslices"),
        _rule("networking.k8s.io", _READ, "networkpolicies"),
        _rule("networking.k8s.io", [*_READ, "patch"], "ingresses"),
        _rule("networking.k8s.io", ["patch"], "ingresses/status"),
        _rule("storage.k8s.io", _KEEP, "storageclasses"),
        _rule("scheduling.k8s.io", _READ, "priorityclasses"),
        _rule("authentication.k8s.io", ["create"], "tokenreviews"),
        _rule("authorization.k8s.io", ["create"], "subjectaccessreviews"),
    ]


def furniture(api_address: str, domain: str) -> tuple[Draft, ...]:
    """Return what is to be in a virtual cluster whose API is at that host address, in the order to make it."""
    role = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": PROVIDER_USER}
    user = {"apiGroup": _RBAC, "kind": "User", "name": PROVIDER_USER}
    metadata = {"name": PROVIDER_USER}
    rbac = {"apiVersion": f"{_RBAC}/v1", "metadata": metadata}
    return (
        {**rbac, "kind": "ClusterRole", "rules": provider_rules()},
        {**rbac, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [user]},
        _dns(api_address, domain),
    )


def _dns(api_address: str, domain: str) -> Draft:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": DNS_CONFIG_MAP, "namespace": DNS_NAMESPACE},
        "data": {DNS_KEY: dns_override(api_address, domain)},
    }


def dns_override(api_address: str, domain: str) -> str:
    """Return CoreDNS' configuration by which the API's name leads to an address of the host.

    The virtual Service `default/kubernetes` has an address that means the host's own API there.
    """
    record = "A" if ip_address(api_address).version == 4 else "AAAA"
    name = f"kubernetes.default.svc.{domain}"
    exactly = name.replace(".", "[.]")
    return (
        f"template IN {record} {name} {{\n"
        f"    match ^{exactly}[.]$\n"
        f'    answer "{name}. {_TTL} IN {record} {api_address}"\n'
        "    fallthrough\n"
        "}\n"
    )


def _rule(group: str, verbs: list[str], *resources: str) -> Draft:
    return {"apiGroups": [group], "resources": list(resources), "verbs": verbs}
