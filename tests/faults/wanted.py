"""Which of the tenant's objects have to be on the host, by what docs/provider.md promises."""

from collections.abc import Iterator

from tests.faults.world import Json, Name, World, labels

_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")
_SERVICE = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


def is_wanted(world: World, name: Name, original: Json) -> bool | None:
    """Whether it has to be on the host, or must not be; None if either is right."""
    if name.kind == "Pod":
        return _is_pod_wanted(world, original)
    return _is_object_wanted(world, name, original)


def _is_object_wanted(world: World, name: Name, original: Json) -> bool:
    match name.kind:
        case "ConfigMap" | "Secret":
            return name in _referred_to(world)
        case "Service":
            return (name.namespace, name.name) != ("default", "kubernetes")
        case "Endpoints":
            return _are_endpoints_wanted(world, name)
        case "EndpointSlice":
            return _is_slice_wanted(world, original)
        case "PriorityClass":
            return not name.name.startswith("system-")
        case _:
            return True


def _is_pod_wanted(world: World, pod: Json) -> bool | None:
    if pod["spec"].get("nodeName") != world.node:
        return False
    # One that has ended may have outlived its host pod, or not.
    return None if pod["status"].get("phase") in ("Succeeded", "Failed") else True


def _is_slice_wanted(world: World, original: Json) -> bool:
    service = Name("Service", original["metadata"]["namespace"], labels(original).get(_SERVICE, ""))
    is_made = labels(original).get(_MANAGED_BY) in _CONTROLLERS
    return not is_made and service in world.originals("Service") and service[1:] != ("default", "kubernetes")


def _are_endpoints_wanted(world: World, name: Name) -> bool:
    service = world.originals("Service").get(Name("Service", name.namespace, name.name))
    is_api_server = (name.namespace, name.name) == ("default", "kubernetes")
    return service is not None and not service["spec"].get("selector") and not is_api_server


def _referred_to(world: World) -> set[Name]:
    found: set[Name] = set()
    for pod in world.virtual.get("Pod", ()):
        if pod["spec"].get("nodeName") == world.node:
            found.update(_of_pod(pod["metadata"]["namespace"], pod["spec"]))
    for ingress in world.virtual.get("Ingress", ()):
        namespace = ingress["metadata"]["namespace"]
        found.update(Name("Secret", namespace, tls["secretName"]) for tls in ingress["spec"].get("tls", ()))
    return found


def _of_pod(namespace: str, spec: Json) -> Iterator[Name]:
    for volume in spec.get("volumes", ()):
        for source in (volume, *(volume.get("projected") or {}).get("sources", ())):
            if "configMap" in source:
                yield Name("ConfigMap", namespace, source["configMap"]["name"])
            if "secret" in source:
                secret = source["secret"]
                yield Name("Secret", namespace, secret.get("secretName") or secret["name"])
    for container in spec["containers"]:
        for source in container.get("envFrom", ()):
            if "configMapRef" in source:
                yield Name("ConfigMap", namespace, source["configMapRef"]["name"])
            if "secretRef" in source:
                yield Name("Secret", namespace, source["secretRef"]["name"])
