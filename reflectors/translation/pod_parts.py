"""What of a pod Kubernetes lets change once it is there, as the host pod is to have it."""

from typing import Any

from reflectors.translation.allow_list import known_part
from reflectors.translation.applied import Part, Parts
from reflectors.translation.confinement import pod_labels
from reflectors.translation.container_fields import RESOURCES
from reflectors.translation.context import Context
from reflectors.translation.downward_api import downward_annotations
from reflectors.translation.json_values import Json, listed, mapped
from reflectors.translation.metadata import host_annotations
from reflectors.translation.pod_fields import TOLERATION

CONTAINER_LISTS = ("containers", "initContainers")


def changeable_parts(virtual: Json, context: Context) -> Parts:
    labels, annotations = pod_labels(virtual, context), host_annotations(virtual) | downward_annotations(virtual)
    metadata: dict[Part, Any] = {("labels", key): value for key, value in labels.items()}
    metadata |= {("annotations", key): value for key, value in annotations.items()}
    return metadata | {part: value for part, value in _parts_of_spec(virtual["spec"]).items() if value or value == 0}


def _parts_of_spec(spec: Json) -> dict[Part, Any]:
    parts: dict[Part, Any] = {
        ("activeDeadlineSeconds",): spec.get("activeDeadlineSeconds"),
        ("resources",): _resources(spec),
        ("tolerations",): [known_part(each, TOLERATION, "")[0] for each in listed(spec, "tolerations")],
    }
    for containers in CONTAINER_LISTS:
        for container in listed(spec, containers):
            parts["image", containers, container["name"]] = container.get("image")
            parts["resources", containers, container["name"]] = _resources(container)
    return parts


def _resources(holder: Json) -> Any:
    return known_part(mapped(holder, "resources"), RESOURCES, "")[0]
