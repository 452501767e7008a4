"""The kinds that are reflected, and what objects of them look like here.

Every object carries its revision as a label, which is its author's and so has to be on the copy as well. StorageClasses
are made on the host, and go the other way. A namespace comes with something of each kind that is in the way of its end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kube.resources import (
    CONFIG_MAPS,
    ENDPOINTS,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PRIORITY_CLASSES,
    SECRETS,
    SERVICES,
    STORAGE_CLASSES,
    Resource,
)

Json = dict[str, Any]

REVISION = "faults.test/revision"
# 1.20 has no other version; newer servers convert it until 1.25.
SLICES = Resource("discovery.k8s.io", "v1beta1", "endpointslices", "EndpointSlice")
CLAIMS_IN_USE = 2  # of each namespace: pods use the first ones, which therefore do not go when they are deleted
STRANGE_LABEL = "k3k.io/cluster"  # what a tenant must not be able to set on the host


@dataclass(frozen=True, slots=True)
class Variant:
    """What is left to chance about an object: a number that its body is made with."""

    revision: int
    choice: int


Content = Callable[[str, Variant], Json]


def _pod(_: str, variant: Variant) -> Json:
    container: Json = {
        "name": "main",
        "image": f"sandbox.local/pause:{variant.revision}",
        "envFrom": [{"configMapRef": {"name": f"config-maps-{variant.choice % 4}", "optional": True}}],
    }
    volumes: list[Json] = []
    if variant.choice % 3 == 0:
        volumes.append({"name": "s", "secret": {"secretName": f"secrets-{variant.choice % 4}", "optional": True}})
    if variant.choice % 5 == 0:
        source = {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}
        volumes.append({"name": "t", "projected": {"sources": [source]}})
    if variant.choice % 7 == 0:
        claim = f"persistent-volume-claims-{variant.choice % CLAIMS_IN_USE}"
        volumes.append({"name": "c", "persistentVolumeClaim": {"claimName": claim}})
    container["volumeMounts"] = [{"name": each["name"], "mountPath": f"/{each['name']}"} for each in volumes]
    grace = variant.choice % 3 * 10
    return {"spec": {"terminationGracePeriodSeconds": grace, "containers": [container], "volumes": volumes}}


def _config_map(_: str, variant: Variant) -> Json:
    return {"data": {"revision": str(variant.revision), "choice": str(variant.choice)}}


def _secret(_: str, variant: Variant) -> Json:
    return {"stringData": {"revision": str(variant.revision), "choice": str(variant.choice)}}


def _service(name: str, variant: Variant) -> Json:
    number = int(name.rpartition("-")[2])
    spec: Json = {"ports": [{"name": "web", "port": 1000 + variant.revision}]}
    if number % 2:  # the others have their endpoints from somebody: see `_endpoints`
        spec["selector"] = {"app": f"pods-{variant.choice % 8}"}
    if number % 4 == 1:
        spec["clusterIP"] = "None"
    if number % 4 == 3:
        spec["type"] = "NodePort"
    return {"spec": spec}


def _endpoints(_: str, variant: Variant) -> Json:
    address = {"ip": f"100.100.{variant.choice % 200}.{1 + variant.revision % 200}"}
    return {"subsets": [{"addresses": [address], "ports": [{"name": "web", "port": 8080}]}]}


def _slice(name: str, variant: Variant) -> Json:
    endpoint = {"addresses": [f"100.101.{variant.choice % 200}.{1 + variant.revision % 200}"]}
    return {
        "addressType": "IPv4",
        "endpoints": [endpoint],
        "ports": [{"name": "web", "port": 8080, "protocol": "TCP"}],
        "metadata": {"labels": {"kubernetes.io/service-name": _even_service(name)}},
    }


def _even_service(name: str) -> str:
    return f"services-{int(name.rpartition('-')[2]) * 2}"


def _claim(_: str, variant: Variant) -> Json:
    del variant  # hardly anything of a claim can be changed
    resources = {"requests": {"storage": "1Gi"}}
    return {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": resources}}


def _ingress(name: str, variant: Variant) -> Json:
    backend = {"service": {"name": f"services-{variant.choice % 4}", "port": {"number": 1000}}}
    path = {"path": f"/{variant.revision}", "pathType": "Prefix", "backend": backend}
    tls = [{"hosts": [f"{name}.test"], "secretName": f"secrets-{variant.choice % 4}"}]
    return {"spec": {"rules": [{"host": f"{name}.test", "http": {"paths": [path]}}], "tls": tls}}


def _policy(_: str, variant: Variant) -> Json:
    origin = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": f"pods-{variant.choice % 8}"}}}
    ports = [{"port": 1000 + variant.revision}]
    selector = {"matchLabels": {"app": f"pods-{variant.choice % 4}"}}
    return {"spec": {"podSelector": selector, "ingress": [{"from": [origin], "ports": ports}]}}


def _priority_class(_: str, variant: Variant) -> Json:
    return {"value": 1000 + variant.choice % 100, "description": f"revision {variant.revision}"}


def _storage_class(_: str, variant: Variant) -> Json:
    return {
        "provisioner": "faults.test/nobody",
        "parameters": {"secret": "of the host"},
        "allowVolumeExpansion": variant.choice % 2 == 0,
        "reclaimPolicy": "Retain" if variant.choice % 3 == 0 else "Delete",
    }


def _namespace(_: str, variant: Variant) -> Json:
    del variant
    return {}


CONTENTS: Mapping[Resource, Content] = {
    PODS: _pod,
    CONFIG_MAPS: _config_map,
    SECRETS: _secret,
    SERVICES: _service,
    ENDPOINTS: _endpoints,
    SLICES: _slice,
    PERSISTENT_VOLUME_CLAIMS: _claim,
    INGRESSES: _ingress,
    NETWORK_POLICIES: _policy,
    PRIORITY_CLASSES: _priority_class,
    STORAGE_CLASSES: _storage_class,
    NAMESPACES: _namespace,
}
_NAMES = {
    CONFIG_MAPS: "config-maps",
    PERSISTENT_VOLUME_CLAIMS: "persistent-volume-claims",
    STORAGE_CLASSES: "storage-classes",
}
IN_A_NAMESPACE = (CONFIG_MAPS, SECRETS, SERVICES, PODS)


def name_of(resource: Resource, number: int) -> str:
    """What the tenant calls its objects; Endpoints are called like the Service that they are for."""
    if resource == ENDPOINTS:
        return f"services-{number * 2}"
    return f"{_NAMES.get(resource, resource.plural)}-{number}"


def body(resource: Resource, namespace: str, name: str, variant: Variant) -> Json:
    """A whole object."""
    content = CONTENTS[resource](name, variant)
    given: Json = content.pop("metadata", {})
    labels = {REVISION: str(variant.revision), "app": name, STRANGE_LABEL: "somebody-else", **given.get("labels", {})}
    metadata = {"name": name, "labels": labels, **({"namespace": namespace} if resource.namespaced else {})}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}


def bodies_in(namespace: str) -> list[tuple[Resource, Json]]:
    """What comes and goes with a namespace. None has a revision, for the tenant does not ask for its end by itself."""
    found = []
    for resource in IN_A_NAMESPACE:
        whole = body(resource, namespace, name_of(resource, 1), Variant(1, 15))
        del whole["metadata"]["labels"][REVISION]
        found.append((resource, whole))
    return found
