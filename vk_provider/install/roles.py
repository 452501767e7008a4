"""Who may do what on the host: ClusterRoles, and the fewest rights in them that work.

The controller makes no roles and may not do what a provider does (enter pods, say): it may only hand on the roles that
are here, by name. A provider gets `PROVIDER` in the namespace of its Cluster, and further ones while the Cluster asks
for what they are for.
"""

from collections.abc import Sequence
from typing import Any

from vk_provider.controller.provider_objects import ROLE
from vk_provider.controller.resources import GROUP

Json = dict[str, Any]

API_GROUP = "rbac.authorization.k8s.io"
API_VERSION = f"{API_GROUP}/v1"
CONTROLLER = "vk-provider:controller"
CONTROLLER_CLUSTER_WIDE = "vk-provider:controller-cluster-wide"
PROVIDER = ROLE
PROVIDER_STORAGE_CLASSES = f"{PROVIDER}-storage-classes"
PROVIDER_PRIORITY_CLASSES = f"{PROVIDER}-priority-classes"
EDIT = "vk-provider:edit"
VIEW = "vk-provider:view"

_READ = ("get", "list", "watch")
_KEEP = (*_READ, "create", "patch", "delete")
_SWEEP = ("deletecollection",)
_APPS, _NETWORKING, _DISCOVERY = "apps", "networking.k8s.io", "discovery.k8s.io"
_STORAGE, _SCHEDULING, _COORDINATION = "storage.k8s.io", "scheduling.k8s.io", "coordination.k8s.io"


def cluster_roles() -> list[Json]:
    return [
        _cluster_role(CONTROLLER, _controller()),
        _cluster_role(CONTROLLER_CLUSTER_WIDE, _controller_cluster_wide()),
        _cluster_role(PROVIDER, _provider()),
        _cluster_role(PROVIDER_STORAGE_CLASSES, [_rule(_STORAGE, ("list", "watch"), "storageclasses")]),
        _cluster_role(PROVIDER_PRIORITY_CLASSES, [_rule(_SCHEDULING, _KEEP, "priorityclasses")]),
        _cluster_role(
            EDIT, [_rule(GROUP, (*_KEEP, "update", "deletecollection"), "clusters")], aggregated_to=("admin", "edit")
        ),
        _cluster_role(VIEW, [_rule(GROUP, _READ, "clusters")], aggregated_to=("admin", "edit", "view")),
    ]


def _controller() -> list[Json]:
    """What it does in namespaces with Clusters."""
    return [
        _rule(GROUP, ("list", "watch", "patch"), "clusters"),
        _rule(GROUP, ("patch",), "clusters/status"),
        # Where owners are checked (OwnerReferencesPermissionEnforcement), what is owned may hold up its owner's end.
        _rule(GROUP, ("update",), "clusters/finalizers"),
        _rule("", _KEEP, "configmaps", "secrets", "services", "serviceaccounts"),
        _rule(_APPS, _KEEP, "statefulsets", "deployments"),
        _rule(_NETWORKING, _KEEP, "ingresses", "networkpolicies"),
        _rule(API_GROUP, _KEEP, "rolebindings"),
        _rule(API_GROUP, ("bind",), "clusterroles", names=(PROVIDER,)),
        _rule("", _READ, "pods"),
        _rule("", ("list", "watch", "delete"), "persistentvolumeclaims"),
        _rule("", ("list", "watch", "create", "patch"), "events"),
        # What a provider has left.
        _rule("", _SWEEP, "pods", "persistentvolumeclaims", "configmaps", "secrets", "endpoints"),
        _rule(_NETWORKING, _SWEEP, "ingresses", "networkpolicies"),
        _rule(_DISCOVERY, _SWEEP, "endpointslices"),
        _rule(_COORDINATION, ("delete",), "leases"),
    ]


def _controller_cluster_wide() -> list[Json]:
    """What it does outside all namespaces."""
    optional = (PROVIDER_STORAGE_CLASSES, PROVIDER_PRIORITY_CLASSES)
    return [
        _rule("", ("list",), "nodes"),
        _rule(_NETWORKING, ("get",), "servicecidrs"),
        _rule(_SCHEDULING, ("list", "delete"), "priorityclasses"),
        _rule(API_GROUP, _KEEP, "clusterrolebindings"),
        _rule(API_GROUP, ("bind",), "clusterroles", names=optional),
    ]


def _provider() -> list[Json]:
    """What docs/provider.md says it may do in its namespace."""
    return [
        _rule("", _KEEP, "pods"),
        _rule("", ("patch",), "pods/status", "pods/resize", "pods/ephemeralcontainers"),
        _rule("", ("get",), "pods/log"),
        # SPDY clients POST, WebSocket clients GET.
        _rule("", ("create", "get"), "pods/exec", "pods/attach", "pods/portforward"),
        _rule("", ("list", "watch"), "events", "resourcequotas"),
        _rule("metrics.k8s.io", ("list",), "pods"),
        _rule("", _KEEP, "configmaps", "secrets", "services", "endpoints", "persistentvolumeclaims"),
        _rule(_DISCOVERY, _KEEP, "endpointslices"),
        _rule(_NETWORKING, _KEEP, "networkpolicies", "ingresses"),
        *lease_rules(),
    ]


def lease_rules() -> list[Json]:
    """What it takes to elect the one replica that leads, in its own namespace."""
    return [_rule(_COORDINATION, ("get", "create", "update"), "leases")]


def binding(name: str, role: str, account: tuple[str, str], *, namespace: str = "") -> Json:
    """Give a ClusterRole to a ServiceAccount (namespace and name): in one namespace, or everywhere."""
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": API_GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "namespace": account[0], "name": account[1]}],
    }


def _cluster_role(name: str, rules: Sequence[Json], *, aggregated_to: Sequence[str] = ()) -> Json:
    metadata: Json = {"name": name}
    if aggregated_to:
        metadata["labels"] = {f"{API_GROUP}/aggregate-to-{role}": "true" for role in aggregated_to}
    return {"apiVersion": API_VERSION, "kind": "ClusterRole", "metadata": metadata, "rules": list(rules)}


def _rule(group: str, verbs: Sequence[str], *resources: str, names: Sequence[str] = ()) -> Json:
    rule = {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
    return {**rule, "resourceNames": list(names)} if names else rule
