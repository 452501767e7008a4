"""The host pod of a virtual pod.

Promises: what is on no list does not reach the host, and is named in `lost`; everything that refers to something (other
objects, other pods, the pod itself, its cluster) refers to the same thing as before; the pod has no identity and no
credentials on the host. Whether the pod may run at all is not asked here: `refusals` and `waiting` say so.
"""

from dataclasses import dataclass

from reflectors.translation.allow_list import Lost, known_part
from reflectors.translation.applied import record
from reflectors.translation.confinement import pod_labels
from reflectors.translation.context import Context, Version
from reflectors.translation.dns import resolution
from reflectors.translation.downward_api import downward_annotations, redirect
from reflectors.translation.environment import environment
from reflectors.translation.host_names import hostname
from reflectors.translation.json_values import Draft, Json, listed
from reflectors.translation.metadata import APPLIED, host_annotations, lost_keys
from reflectors.translation.paths import CONTAINER_LISTS
from reflectors.translation.placement import host_node_affinity, host_node_selector
from reflectors.translation.pod_fields import POD_SPEC
from reflectors.translation.pod_parts import changeable_parts
from reflectors.translation.references import rename
from reflectors.translation.selectors import host_pod_affinity, host_spread_constraint
from reflectors.translation.tokens import project_tokens
from reflectors.translation.volumes import plain_spec

KIND = "Pod"

_HOSTNAME_OVERRIDE_SINCE = Version(1, 35)
_SYSTEM_CLASSES = frozenset({"system-cluster-critical", "system-node-critical"})


@dataclass(frozen=True, slots=True)
class Translation:
    """A host pod, as it is created, what is added to it once it is there, and what of the virtual pod it lacks."""

    pod: Draft
    ephemeral_containers: list[Draft]
    lost: list[Lost]


def translated(virtual: Json, context: Context) -> Translation:
    spec, lost = _host_spec(virtual, context)
    ephemeral_containers = spec.pop("ephemeralContainers", [])
    pod: Draft = {"apiVersion": "v1", "kind": KIND, "metadata": _metadata(virtual, context), "spec": spec}
    pod["metadata"]["annotations"][APPLIED] = record(changeable_parts(virtual, context))
    reserved = [Lost(field, "this key is ours to set, so not copied to the host") for field in lost_keys(virtual)]
    return Translation(pod, ephemeral_containers, [*lost, *reserved])


def _metadata(virtual: Json, context: Context) -> Draft:
    metadata = virtual["metadata"]
    return {
        "name": context.host_name(KIND, metadata["namespace"], metadata["name"]),
        "namespace": context.host_namespace,
        "labels": pod_labels(virtual, context),
        "annotations": host_annotations(virtual) | downward_annotations(virtual),
    }


def _host_spec(virtual: Json, context: Context) -> tuple[Draft, list[Lost]]:
    plain, namespace = plain_spec(virtual), virtual["metadata"]["namespace"]
    spec, unknown = known_part(plain, POD_SPEC, "spec")
    names = resolution(plain, namespace, context)
    hostname_fields, lost_hostname = _hostname(virtual, context)
    priority, lost_priority = _priority(plain, context)
    spec |= names.spec | hostname_fields | priority | _placement(spec, virtual, context)
    spec |= {"automountServiceAccountToken": False, "enableServiceLinks": False}
    redirect(spec)
    rename(spec, lambda kind, name: context.host_name(kind, namespace, name))
    project_tokens(spec, virtual, context)
    variables = environment(plain, namespace, context)
    for containers in CONTAINER_LISTS:
        if containers in spec:
            spec[containers] = [variables.before_those_of(each) for each in spec[containers]]
    return _without_empty(spec), [*unknown, *names.lost, *variables.lost, *lost_hostname, *lost_priority]


def _placement(spec: Json, virtual: Json, context: Context) -> Draft:
    affinity = {
        kind: host_node_affinity(rule) if kind == "nodeAffinity" else host_pod_affinity(rule, virtual, context)
        for kind, rule in (spec.get("affinity") or {}).items()
    }
    constraints = listed(spec, "topologySpreadConstraints")
    return {
        "nodeSelector": {**host_node_selector(spec.get("nodeSelector") or {}), **context.node_selector},
        "affinity": {kind: rule for kind, rule in affinity.items() if rule},
        "topologySpreadConstraints": [host_spread_constraint(each, virtual, context) for each in constraints],
    }


def _hostname(virtual: Json, context: Context) -> tuple[Draft, list[Lost]]:
    """Return what the pod calls itself: in full, where it asks for that, by a field that only newer hosts have."""
    spec, namespace = virtual["spec"], virtual["metadata"]["namespace"]
    name = spec.get("hostname") or hostname(virtual["metadata"]["name"])
    if not (spec.get("setHostnameAsFQDN") and spec.get("subdomain")) or spec.get("hostNetwork"):
        return {"hostname": name}, []
    if context.host_version < _HOSTNAME_OVERRIDE_SINCE:
        why = f"needs Kubernetes {_HOSTNAME_OVERRIDE_SINCE} on the host, which is {context.host_version}"
        return {"hostname": name}, [Lost("spec.setHostnameAsFQDN", why)]
    full = f"{name}.{spec['subdomain']}.{namespace}.svc.{context.cluster_domain}"
    return {"hostname": name, "hostnameOverride": full}, []


def _priority(spec: Json, context: Context) -> tuple[Draft, list[Lost]]:
    name, given = spec.get("priorityClassName"), context.priority_class
    if name in _SYSTEM_CLASSES and context.allowed.system_priority:
        return {"priorityClassName": name}, []
    if given:
        why = f'"{name}" does not count on the host, where all pods of this cluster have "{given}"'
        return {"priorityClassName": given}, [Lost("spec.priorityClassName", why)] if name else []
    if not name:
        return {}, []
    if name in context.priority_classes:
        return {"priorityClassName": context.host_name("PriorityClass", "", name)}, []
    why = f'"{name}" does not count on the host, where the pod has the default priority'
    return {}, [Lost("spec.priorityClassName", why)]


def _without_empty(spec: Draft) -> Draft:
    return {field: value for field, value in spec.items() if value not in ({}, [])}
