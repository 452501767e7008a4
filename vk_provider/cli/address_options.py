"""How a command is told which Cluster is meant, and how a shell completes that."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
NAME = "[NAMESPACE/]NAME"
_PATIENCE = 3.0  # seconds that somebody waits for a completion


def namespace_option(command: F) -> F:
    """Add `-n`."""
    help_text = "Namespace of the Cluster.  [default: k3k-NAME, or wherever the only one of that name is]"
    return click.option("-n", "--namespace", metavar="NAMESPACE", help=help_text)(command)


def name_argument(command: F) -> F:
    """Add the argument that names one Cluster; the command gets it as `name`."""
    return click.argument("name", metavar=NAME, shell_complete=completed_names)(command)


def completed_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return what could be meant: the names of the host's Clusters. A shell's completion fails without a word."""
    from kube.errors import ApiError, CredentialsError  # noqa: PLC0415 - only completion needs it
    from vk_provider.cli.host import connection  # noqa: PLC0415
    from vk_provider.cli.host_options import CONTEXT, KUBECONFIG  # noqa: PLC0415
    from vk_provider.controller.resources import CLUSTERS  # noqa: PLC0415

    namespace = context.params.get("namespace")

    async def names() -> list[str]:
        said = context.meta.get(KUBECONFIG), context.meta.get(CONTEXT)
        async with asyncio.timeout(_PATIENCE), connection(*said) as host:
            found = (await host.list(CLUSTERS, namespace)).objects
        plain = [each.name for each in found]
        full = [f"{each.namespace}/{each.name}" for each in found if plain.count(each.name) > 1 or "/" in incomplete]
        return plain + full

    try:
        return sorted({name for name in asyncio.run(names()) if name.startswith(incomplete)})
    except (ApiError, CredentialsError, TimeoutError):
        return []
