"""`vkp cluster delete`: Clusters, with all that is in them."""

import contextlib
import sys
from collections.abc import Sequence

import click

from kube.errors import NotFound
from kube.objects import Object
from vk_provider.cli.address_options import NAME, completed_names, namespace_option
from vk_provider.cli.addresses import Typed, find_cluster, typed
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.waiting import wait_options, wait_until_gone
from vk_provider.controller.resources import CLUSTERS


@click.command()
@click.argument("names", metavar=f"{NAME}...", nargs=-1, shell_complete=completed_names)
@namespace_option
@click.option("-A", "--all", "everything", is_flag=True, help="Delete all Clusters of the namespace that -n names.")
@click.option("--ignore-not-found", is_flag=True, help="Call it done when there is no such Cluster.")
@click.option("-y", "--yes", "--no-confirm", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
@wait_options("they are gone", default=True)
@host_options
def delete(
    *,
    names: tuple[str, ...],
    namespace: str | None,
    everything: bool,
    ignore_not_found: bool,
    yes: bool,
    wait: bool,
    timeout: float,
) -> None:
    """Delete virtual clusters, with all that is in them: control plane, workloads, volumes.

    The namespace stays, for it may hold other things.
    """
    if bool(names) == everything:
        raise Failure("name Clusters, or give --all with -n", Exit.USAGE)
    if everything and not namespace:
        raise Failure("--all needs -n NAMESPACE", Exit.USAGE)
    wanted = [typed(name, namespace) for name in names]

    async def work(host: Host) -> None:
        found = await _found(host, wanted, everything_in=namespace, ignore_not_found=ignore_not_found)
        if found and not yes:
            _confirm(found)
        for cluster in found:
            with contextlib.suppress(NotFound):  # gone meanwhile
                await host.delete(CLUSTERS, cluster.name, cluster.namespace, uid=cluster.uid)
        for cluster in found:
            if wait:
                await wait_until_gone(host, cluster, timeout)
            state = "is gone" if wait else "is going"
            click.echo(f"Cluster {cluster.namespace}/{cluster.name} {state}.", err=True)

    on_host(work)


async def _found(
    host: Host, wanted: Sequence[Typed], *, everything_in: str | None, ignore_not_found: bool
) -> list[Object]:
    """Return what is meant; all of a namespace if nothing is named."""
    if not wanted:
        return list((await host.list(CLUSTERS, everything_in)).objects)
    found = []
    for each in wanted:
        try:
            found.append(await find_cluster(host, each))
        except Failure as failure:
            if not ignore_not_found or failure.exit_code is not Exit.NOT_FOUND:
                raise
    return found


def _confirm(found: Sequence[Object]) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    names = ", ".join(f"{each.namespace}/{each.name}" for each in found)
    click.confirm(f"Delete {names}, with all data in it?", abort=True, err=True)
