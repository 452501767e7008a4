"""The command `vkp status`: a picture that stays up to date on a terminal, or one look."""

import asyncio
import sys

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from kube.errors import NotFound
from kube.objects import Object
from vk_provider.cli.address_options import name_argument, namespace_option
from vk_provider.cli.addresses import find_cluster, typed
from vk_provider.cli.durations import DURATION
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.host_sights import look_at_host
from vk_provider.cli.status.report import Report, report
from vk_provider.cli.status.virtual_side import VirtualSide


@click.command()
@name_argument
@namespace_option
@click.option("--once", is_flag=True, help="Look once and end. So it is without a terminal.")
@click.option("--every", type=DURATION, default=2.0, help="How often to look.  [default: 2s]")
@host_options
def status(*, name: str, namespace: str | None, once: bool, every: float) -> None:
    """Show how a virtual cluster is: control plane, nodes, reflectors and how they keep up, problems.

    Stays up to date until Ctrl-C. With --once it ends with 1 unless all is well.
    """
    wanted = typed(name, namespace)

    async def work(host: Host) -> bool:
        cluster = await find_cluster(host, wanted)
        virtual = VirtualSide(host, cluster)
        try:
            if once or not sys.stdout.isatty():
                return _print(await _look(host, cluster, virtual))
            await _watch(host, cluster, virtual, every)
            return True
        finally:
            await virtual.close()

    is_well = on_host(work)
    raise SystemExit(Exit.OK if is_well else Exit.FAILED)


async def _look(host: Host, cluster: Object, virtual: VirtualSide) -> Report:
    try:
        on_host_side = await look_at_host(host, cluster)
    except NotFound as error:
        raise Failure(f"Cluster {cluster.key} is gone", Exit.NOT_FOUND) from error
    return report(on_host_side, await virtual.look())


def _print(seen: Report) -> bool:
    for line in seen.lines:
        click.echo(line)
    return seen.is_well


async def _watch(host: Host, cluster: Object, virtual: VirtualSide, every: float) -> None:
    with Live(console=Console(highlight=False), screen=True, auto_refresh=False) as live:
        while True:
            seen = await _look(host, cluster, virtual)
            live.update(Text("\n".join([*seen.lines, "", "Ctrl-C ends this."])), refresh=True)
            await asyncio.sleep(every)
