"""`vkp cluster get` and `list`: Clusters in rows, or as they are."""

import click

from kube.objects import Object
from vk_provider.cli.address_options import NAME, completed_names, namespace_option
from vk_provider.cli.addresses import find_cluster, typed
from vk_provider.cli.cluster_columns import CLUSTER_COLUMNS
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.output import Format, output_option, show_list, show_one
from vk_provider.controller.resources import CLUSTERS


@click.command()
@click.argument("names", metavar=f"{NAME}...", nargs=-1, required=True, shell_complete=completed_names)
@namespace_option
@output_option
@host_options
def get(names: tuple[str, ...], namespace: str | None, output: Format | None) -> None:
    """Show some virtual clusters, a line each."""
    wanted = [typed(name, namespace) for name in names]

    async def find(host: Host) -> list[Object]:
        return [await find_cluster(host, each) for each in wanted]

    bodies = [found.to_dict() for found in on_host(find)]
    if len(bodies) == 1:
        show_one(bodies[0], CLUSTER_COLUMNS, output)
    else:
        show_list(bodies, CLUSTER_COLUMNS, output, kind="Cluster")


@click.command("list")
@click.option("-n", "--namespace", metavar="NAMESPACE", help="Only those of this namespace.  [default: all]")
@click.option("-l", "--selector", default="", metavar="SELECTOR", help="Only those with these labels: team=blue,!old.")
@output_option
@host_options
def list_clusters(namespace: str | None, selector: str, output: Format | None) -> None:
    """List the virtual clusters."""

    async def listing(host: Host) -> list[Object]:
        return list((await host.list(CLUSTERS, namespace, label_selector=selector)).objects)

    bodies = [found.to_dict() for found in on_host(listing)]
    if bodies or output not in (None, Format.WIDE):
        show_list(bodies, CLUSTER_COLUMNS, output, kind="Cluster")
        return
    where = f" in namespace {namespace}" if namespace else ""
    click.echo(f"No virtual clusters{where}. Make one: vkp cluster create demo --wait", err=True)
