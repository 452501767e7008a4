"""Whether an installation works: its kinds are served, and as many controllers as wanted are ready."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vk_provider.controller.problems import pod_problems

Json = Mapping[str, Any]


def is_established(definition: Json) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def missing_replicas(deployment: Json) -> str:
    """Return what a Deployment still lacks; empty if it is rolled out."""
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return "it has not been looked at yet"
    for field, what in (("updatedReplicas", "started"), ("availableReplicas", "ready")):
        if status.get(field, 0) < wanted:
            return f"{status.get(field, 0)} of {wanted} are {what}"
    if status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return "old ones are still ending"
    return ""


def troubles(pods: Iterable[Json]) -> Sequence[str]:
    """Return what keeps its pods from running, each thing once."""
    return list(dict.fromkeys(problem.message for pod in pods for problem in pod_problems(pod)))
