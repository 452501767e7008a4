"""`vkp cluster describe`: all that the host shows of a Cluster, for people."""

import click

from vk_provider.cli.address_options import name_argument, namespace_option
from vk_provider.cli.addresses import find_cluster, typed
from vk_provider.cli.cluster.description import description
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.host_sights import HostSight, look_at_host


@click.command()
@name_argument
@namespace_option
@host_options
def describe(name: str, namespace: str | None) -> None:
    """Show all there is to know of a virtual cluster: what was asked for and made, what is wrong."""
    wanted = typed(name, namespace)

    async def look(host: Host) -> HostSight:
        return await look_at_host(host, await find_cluster(host, wanted))

    for line in description(on_host(look)):
        click.echo(line)
