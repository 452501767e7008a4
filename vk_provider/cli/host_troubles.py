"""What is wrong with a Cluster as its host shows it, in words that say what to do: as the controller would say it."""

from collections.abc import Iterator

from vk_provider.cli.cluster_columns import part
from vk_provider.cli.host_sights import HostSight, Json
from vk_provider.cli.verdicts import NOT_SEEN, Underway, verdict
from vk_provider.controller.problems import (
    Problem,
    Told,
    claim_problems,
    deployment_problems,
    pod_problems,
    stateful_set_problems,
)


def host_troubles(sight: HostSight) -> list[str]:
    """Return each thing once; empty when all is well."""
    told = [_told(event) for event in sight.events if event.get("type") == "Warning"]
    found = [problem.message for problem in _problems(sight, told)]
    judged = verdict(sight.cluster)
    if judged == Underway(NOT_SEEN):
        found.append(f"{NOT_SEEN}; is one running? vkp doctor")
    for condition in part(sight.cluster, "status", "conditions") or []:
        message = str(condition.get("message") or "")
        if condition.get("status") == "False" and message and not _is_said(message, found):
            found.append(f"{condition.get('type')}: {message}")
    return list(dict.fromkeys(found))


def _problems(sight: HostSight, told: list[Told]) -> Iterator[Problem]:
    for stateful_set in sight.of("StatefulSet"):
        yield from stateful_set_problems(stateful_set, told)
    for deployment in sight.of("Deployment"):
        yield from deployment_problems(deployment)
    for claim in sight.of("PersistentVolumeClaim"):
        yield from claim_problems(claim, told)
    for pod in sight.of("Pod"):
        yield from pod_problems(pod, told)


def _told(event: Json) -> Told:
    about = event.get("involvedObject") or {}
    texts = (about.get("kind"), about.get("name"), event.get("reason"), event.get("message"))
    return Told(*(str(text or "") for text in texts))


def _is_said(message: str, found: list[str]) -> bool:
    """Whether a condition only repeats it: several conditions may be false for one reason."""
    return any(message in other or other in message for other in found)
