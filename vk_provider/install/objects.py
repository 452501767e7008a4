"""All objects of an installation, in the order in which they can be created."""

from typing import Any

from vk_provider.install.controller import account, deployment, metrics_service, namespace
from vk_provider.install.crds import crds
from vk_provider.install.options import Options
from vk_provider.install.roles import cluster_roles


def objects(options: Options) -> list[dict[str, Any]]:
    return [
        namespace(options),
        *crds(rules=options.rules),
        *cluster_roles(),
        *account(options),
        metrics_service(options),
        deployment(options),
    ]
