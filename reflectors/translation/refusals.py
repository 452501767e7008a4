"""What a pod may not have here, and what its owner can do about it.

By default that is whatever reaches past the container: the node's namespaces, files, ports, disks and rights; the
host's own admission is the second line. What an older host would silently take for something else is refused as well.
"""

from collections.abc import Iterator

from reflectors.translation.context import Allowed, Context, Version
from reflectors.translation.json_values import Json, listed
from reflectors.translation.paths import CONTAINER_LISTS, found, path
from reflectors.translation.privileges import container_privilege_refusals, pod_privilege_refusals
from reflectors.translation.refusal import ASK, Refusal
from reflectors.translation.selectors import PREFERRED, REQUIRED, is_everything
from reflectors.translation.volume_fields import NODE_VOLUMES, OWN_VOLUMES

_IMAGE_VOLUMES_SINCE = Version(1, 31)  # an older host makes an empty folder of them
_SIDECARS_SINCE = Version(1, 29)  # an older host waits for them to end before it starts the others
_FIXED_HOSTS = [
    path(f"{handler}.{action}")
    for handler in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")
    for action in ("httpGet", "tcpSocket")
]

_NAMESPACE_SELECTORS = [
    path(f"affinity.{kind}.{terms}.namespaceSelector")
    for kind in ("podAffinity", "podAntiAffinity")
    for terms in (f"{REQUIRED}[]", f"{PREFERRED}[].podAffinityTerm")
]


def refusals(virtual: Json, context: Context) -> list[Refusal]:
    """Return why this pod, or an ephemeral container of it, is not created on the host; empty if all of it is."""
    spec = virtual["spec"]
    return [
        *pod_privilege_refusals(spec, context.allowed),
        *_volume_refusals(spec, context),
        *(
            refusal
            for containers in CONTAINER_LISTS
            for index, container in enumerate(listed(spec, containers))
            for refusal in _container_refusals(container, f"spec.{containers}[{index}]", spec, context)
        ),
        *_sidecar_refusals(spec, context.host_version),
        *_namespace_selector_refusals(spec, context),
    ]


def _container_refusals(container: Json, field: str, spec: Json, context: Context) -> Iterator[Refusal]:
    """Yield why this container, at `field` of a pod with this spec, is not started on the host."""
    yield from container_privilege_refusals(container, field, context.allowed)
    if not spec.get("hostNetwork"):  # a pod on the host's network has all its ports as host ports, by definition
        yield from _port_refusals(container, field, context.allowed)
    if not context.allowed.host_network:
        yield from _fixed_host_refusals(container, field)


def _port_refusals(container: Json, field: str, allowed: Allowed) -> Iterator[Refusal]:
    for index, port in enumerate(listed(container, "ports")):
        if port.get("hostPort") and not allowed.host_ports:
            why = "ports of the node are off here"
            yield Refusal(f"{field}.ports[{index}].hostPort", why, f"use a Service, {ASK}")


def _fixed_host_refusals(container: Json, field: str) -> Iterator[Refusal]:
    """Probes and hooks of another host: the node would send them, from where the pod itself cannot reach."""
    for place in _FIXED_HOSTS:
        for where, action in found(container, place, field):
            if action.get("host"):
                why = "the node would send this request to another host than the pod"
                yield Refusal(f"{where}.host", why, f"leave it out, which means the pod itself, {ASK}")


def _volume_refusals(spec: Json, context: Context) -> Iterator[Refusal]:
    for index, volume in enumerate(listed(spec, "volumes")):
        for kind in (kind for kind, content in volume.items() if kind != "name" and content is not None):
            why = _why_not(kind, context)
            if why:
                yield Refusal(f"spec.volumes[{index}].{kind}", why, f"use a PersistentVolumeClaim, {ASK}")


def _why_not(kind: str, context: Context) -> str | None:
    if kind == "hostPath":
        return None if context.allowed.host_path else "the node's files are off here"
    if kind in NODE_VOLUMES:
        return None if context.allowed.node_volumes else "volumes that the node mounts with its own rights are off here"
    if kind not in OWN_VOLUMES:
        return "this kind of volume is not known here"
    if kind == "image" and context.host_version < _IMAGE_VOLUMES_SINCE:
        return f"the host is Kubernetes {context.host_version} and knows image volumes from {_IMAGE_VOLUMES_SINCE} on"
    return None


def _sidecar_refusals(spec: Json, host_version: Version) -> Iterator[Refusal]:
    for index, container in enumerate(listed(spec, "initContainers")):
        if container.get("restartPolicy") == "Always" and host_version < _SIDECARS_SINCE:
            why = f"the host is Kubernetes {host_version} and knows sidecar containers from {_SIDECARS_SINCE} on"
            yield Refusal(f"spec.initContainers[{index}].restartPolicy", why, "make it one of spec.containers")


def _namespace_selector_refusals(spec: Json, context: Context) -> Iterator[Refusal]:
    if context.namespaces is not None:
        return
    for place in _NAMESPACE_SELECTORS:
        for field, selector in found(spec, place, "spec"):
            if not is_everything(selector):
                yield Refusal(field, "namespaces are not known by label here", "name them in `namespaces`")
