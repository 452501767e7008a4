"""`vkp cluster update`: shows what a change is, asks, and makes it."""

import sys
from collections.abc import Mapping
from typing import Any

import click
import msgspec

from kube.client import PatchType
from kube.codec import decode_object
from kube.objects import Object
from vk_provider.cli import values
from vk_provider.cli.address_options import name_argument, namespace_option
from vk_provider.cli.addresses import find_cluster, typed
from vk_provider.cli.checked import check_cluster
from vk_provider.cli.cluster.changing import changed, differences, patch_of
from vk_provider.cli.cluster_columns import CLUSTER_COLUMNS
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.output import output_option, show_one
from vk_provider.cli.spec_options import spec_of, spec_options
from vk_provider.cli.waiting import wait_options, wait_until_ready
from vk_provider.controller.resources import CLUSTERS


@click.command()
@name_argument
@namespace_option
@spec_options(changeable_only=True)
@click.option("--labels", multiple=True, metavar="KEY=VALUE|KEY-", help="Label to set, or to take away.")
@click.option("--annotations", multiple=True, metavar="KEY=VALUE|KEY-", help="Annotation to set, or to take away.")
@click.option(
    "--dry-run", is_flag=True, help="Show what would change, have the host cluster check it, and change nothing."
)
@click.option("-y", "--yes", "--no-confirm", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
@wait_options("it is ready again")
@output_option
@host_options
def update(name: str, namespace: str | None, **given: Any) -> None:
    """Change a virtual cluster, after showing what that changes.

    Lists are replaced, labels and the like are set one by one (`KEY-` takes one away). For the rest: kubectl edit.
    """
    wanted = typed(name, namespace)

    async def work(host: Host) -> None:
        cluster = await find_cluster(host, wanted)
        stored = await _change(host, cluster, given)
        if stored is None:
            return
        body = await wait_until_ready(host, stored, given["timeout"]) if given["wait"] else stored.to_dict()
        if given["output"]:
            show_one(body, CLUSTER_COLUMNS, given["output"])

    on_host(work)


async def _change(host: Host, cluster: Object, given: Mapping[str, Any]) -> Object | None:
    """Return the Cluster as it is then; None if all was only to be seen."""
    patch = patch_of(spec_of(given, cluster.namespace), _metadata(given))
    if not patch:
        advice = "See the options: vkp cluster update --help"
        raise Failure("nothing to change was given", Exit.USAGE, advice=advice)
    before = cluster.to_dict()
    after = changed(before, patch)
    check_cluster(after)
    shown = list(differences(before, after))
    for line in shown:
        click.echo(line, err=True)
    if given["dry_run"]:
        await _patched(host, cluster, patch, dry_run=True)
        return None
    if not shown:
        click.echo(f"Cluster {cluster.key} is like that already.", err=True)
        return cluster
    if not given["yes"]:
        _confirm()
    stored = await _patched(host, cluster, patch)
    click.echo(f"Cluster {cluster.key} updated.", err=True)
    return stored


def _metadata(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = {field: values.changes(f"--{field}", given[field]) for field in ("labels", "annotations")}
    return {field: value for field, value in fields.items() if value}


async def _patched(host: Host, cluster: Object, patch: Mapping[str, Any], *, dry_run: bool = False) -> Object:
    """Return it as it is then; only the Cluster that was shown, as it was shown, is changed."""
    same = {"uid": cluster.uid, "resourceVersion": cluster.resource_version}
    body = {**patch, "metadata": {**patch.get("metadata", {}), **same}}
    if not dry_run:
        return await host.patch(CLUSTERS, cluster.name, body, cluster.namespace, patch_type=PatchType.MERGE)
    data = await host.request(
        "PATCH",
        CLUSTERS.path(cluster.namespace, cluster.name),
        query=[("dryRun", "All")],
        headers={"Content-Type": PatchType.MERGE},
        body=msgspec.json.encode(body),
    )
    return decode_object(data)


def _confirm() -> None:
    if sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm("Change it?", abort=True, err=True)
