"""The resources that an installation is made of, by their kinds."""

from typing import Any

from kube.resources import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    DEPLOYMENTS,
    NAMESPACES,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)

CRDS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
HELM = "meta.helm.sh/release-name"  # an annotation of what Helm has brought
ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
_BY_KIND = {
    resource.kind: resource
    for resource in (
        CLUSTER_ROLE_BINDINGS,
        CLUSTER_ROLES,
        CRDS,
        DEPLOYMENTS,
        NAMESPACES,
        ROLE_BINDINGS,
        ROLES,
        SERVICE_ACCOUNTS,
        SERVICES,
    )
}


def resource_of(body: dict[str, Any]) -> Resource:
    return _BY_KIND[body["kind"]]


def told(body: dict[str, Any]) -> str:
    """Return how it is named to people."""
    metadata = body["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{body['kind']} {place}{metadata['name']}"
