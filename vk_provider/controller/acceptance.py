"""Whether a Cluster is accepted: the rules of its spec, its Secrets, the host, and what runs already."""

from datetime import datetime

from vk_provider.controller.cluster import Cluster
from vk_provider.controller.given_secrets import content_mistakes
from vk_provider.controller.installation import Installation
from vk_provider.controller.known import Known
from vk_provider.controller.mistake import Mistake
from vk_provider.controller.validation import host_mistakes, mistakes, transition_mistakes
from vk_provider.controller.versions import VersionError, check_step, wanted_version


def acceptance_mistakes(cluster: Cluster, known: Known, installation: Installation, now: datetime) -> list[Mistake]:
    """Everything that speaks against it; that a Secret is not there yet is no mistake."""
    fixed = cluster.status.fixed
    return [
        *mistakes(cluster),
        *([] if fixed is None else transition_mistakes(fixed, cluster.spec)),
        *host_mistakes(cluster, service_cidr=installation.service_cidr),
        *_version_mistakes(cluster, installation),
        *content_mistakes(cluster, known, now),
    ]


def _version_mistakes(cluster: Cluster, installation: Installation) -> list[Mistake]:
    running = cluster.status.version
    try:
        check_step(running, wanted_version(cluster.spec.version, installation.host_version, running))
    except VersionError as error:
        return [Mistake("spec.version", str(error))]
    return []
