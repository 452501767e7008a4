"""The group `vkp cluster`."""

import click

from vk_provider.cli.lazy import Lazy, LazyGroup

_HERE = "vk_provider.cli.cluster"
COMMANDS = {
    "create": Lazy(f"{_HERE}.create:create", "Create a virtual cluster."),
    "get": Lazy(f"{_HERE}.looking:get", "Show some virtual clusters, a line each."),
    "list": Lazy(f"{_HERE}.looking:list_clusters", "List the virtual clusters."),
    "describe": Lazy(f"{_HERE}.describe:describe", "Show all there is to know of a virtual cluster."),
    "update": Lazy(f"{_HERE}.update:update", "Change a virtual cluster, after showing what that changes."),
    "delete": Lazy(f"{_HERE}.delete:delete", "Delete virtual clusters, with all that is in them."),
}


@click.group(cls=LazyGroup, commands_by_name=COMMANDS)
def cluster() -> None:
    """Create, look at, change and delete virtual clusters."""
