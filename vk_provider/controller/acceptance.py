"""Whether a Cluster is accepted: the rules of its spec, of what must not change, of the host, and of upgrades."""

from vk_provider.controller.cluster import Cluster
from vk_provider.controller.installation import Installation
from vk_provider.controller.mistake import Mistake
from vk_provider.controller.validation import host_mistakes, mistakes, transition_mistakes
from vk_provider.controller.versions import VersionError, check_step, wanted_version


def acceptance_mistakes(cluster: Cluster, installation: Installation) -> list[Mistake]:
    """Everything that speaks against it."""
    fixed = cluster.status.fixed
    return [
        *mistakes(cluster),
        *([] if fixed is None else transition_mistakes(fixed, cluster.spec)),
        *host_mistakes(cluster, service_cidr=installation.service_cidr),
        *_version_mistakes(cluster, installation),
    ]


def _version_mistakes(cluster: Cluster, installation: Installation) -> list[Mistake]:
    running = cluster.status.version
    try:
        check_step(running, wanted_version(cluster.spec.version, installation.host_version, running))
    except VersionError as error:
        return [Mistake("spec.version", str(error))]
    return []
