"""`vkp kubeconfig get`: the admin kubeconfig of a virtual cluster."""

from pathlib import Path

import click

from vk_provider.cli.address_options import name_argument, namespace_option
from vk_provider.cli.addresses import find_cluster, typed
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.private_files import write_privately
from vk_provider.cli.virtual_kubeconfig import read_kubeconfig, renamed, served_at
from vk_provider.cli.waiting import wait_options, wait_until_ready


@click.group()
def kubeconfig() -> None:
    """Get the kubeconfig of a virtual cluster."""


@kubeconfig.command()
@name_argument
@namespace_option
@click.option(
    "--write",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to a file that only you can read, instead of printing it.",
)
@click.option("--context-name", metavar="NAME", help="Name of context, cluster and user in it.  [default: default]")
@click.option(
    "--kubeconfig-server", metavar="HOST[:PORT]", help="Name or address at which you reach its API, if it is another."
)
@wait_options("the Cluster is ready")
@host_options
def get(
    *,
    name: str,
    namespace: str | None,
    write: Path | None,
    context_name: str | None,
    kubeconfig_server: str | None,
    wait: bool,
    timeout: float,
) -> None:
    """Print the kubeconfig of a virtual cluster's administrator.

    If its API cannot be reached from here, `vkp connect` finds a way.
    """
    wanted = typed(name, namespace)

    async def fetch(host: Host) -> str:
        cluster = await find_cluster(host, wanted)
        if wait:
            await wait_until_ready(host, cluster, timeout)
        return await read_kubeconfig(host, cluster)

    text = on_host(fetch)
    if kubeconfig_server:
        text = served_at(text, kubeconfig_server)
    if context_name:
        text = renamed(text, context_name)
    if write is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    write_privately(write, text)
    click.echo(f"Written. Use it: export KUBECONFIG={write.absolute()}", err=True)
