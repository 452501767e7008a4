"""`vkp cluster create`: a namespace for it, what it refers to, and the Cluster."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from yarl import URL

from kube.objects import Object
from vk_provider.cli import values
from vk_provider.cli.addresses import typed
from vk_provider.cli.checked import check_cluster
from vk_provider.cli.cluster.creation import Creation, carry_out
from vk_provider.cli.cluster.given_secrets import certificate_secrets, custom_cas, token_reference, token_secret
from vk_provider.cli.cluster_columns import CLUSTER_COLUMNS
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.output import Format, output_option, show_list, show_one
from vk_provider.cli.spec_options import spec_of, spec_options
from vk_provider.cli.waiting import wait_options, wait_until_ready
from vk_provider.controller.resources import API_VERSION


@click.command()
@click.argument("name", metavar="[NAMESPACE/]NAME")
@click.option("-n", "--namespace", metavar="NAMESPACE", help="Namespace; made if it is not there.  [default: k3k-NAME]")
@spec_options(changeable_only=False)
@click.option("--kubeconfig-server", metavar="HOST", help="Name or address at which its API is reached from outside.")
@click.option("--token", metavar="TOKEN", help="Token with which servers and agents join.  [default: a new one]")
@click.option(
    "--custom-certs",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with authorities as K3s has them: server-ca.crt, server-ca.key, ..., etcd/peer-ca.key, service.key.",
)
@click.option("--policy", metavar="NAME", help="VirtualClusterPolicy that its namespace is bound to.")
@click.option("--labels", multiple=True, metavar="KEY=VALUE", help="Label of the Cluster. May be repeated.")
@click.option("--annotations", multiple=True, metavar="KEY=VALUE", help="Annotation of the Cluster. May be repeated.")
@click.option(
    "--dry-run",
    type=click.Choice(["client", "server"]),
    help="Print what would be created, and create nothing; server has the host cluster check it.",
)
@wait_options("it is ready")
@output_option
@host_options
def create(name: str, namespace: str | None, **given: Any) -> None:
    """Create a virtual cluster.

    For what has no option here, print a manifest with --dry-run=client, edit it, and apply it with kubectl.
    """
    output: Format | None = given["output"]

    planned = creation_of(name, namespace, given)
    if given["dry_run"] == "client" and given["expose"] != "nodeport":
        show_list(planned.objects(), CLUSTER_COLUMNS, output or Format.YAML, kind="")
        return

    async def work(host: Host) -> None:
        creation = _reached_at_node_port(planned, host.server) if given["expose"] == "nodeport" else planned
        if given["dry_run"] == "client":
            show_list(creation.objects(), CLUSTER_COLUMNS, output or Format.YAML, kind="")
            return
        made = await carry_out(host, creation, dry_run=given["dry_run"] == "server")
        if given["dry_run"]:
            show_one(made.to_dict(), CLUSTER_COLUMNS, output or Format.YAML)
            return
        if output is None or given["wait"]:
            click.echo(f"Cluster {made.namespace}/{made.name} created.", err=True)
        body = await wait_until_ready(host, made, given["timeout"]) if given["wait"] else made.to_dict()
        if output is not None:
            show_one(body, CLUSTER_COLUMNS, output)
        else:
            click.echo(_next_steps(made, ready=given["wait"]), err=True)

    on_host(work)


def creation_of(name: str, namespace: str | None, given: Mapping[str, Any]) -> Creation:
    """Return all that is to be created; raises Failure for what cannot be."""
    wanted = typed(name, namespace)
    place = wanted.usual_namespace
    spec = spec_of(given, place)
    if given["agents"] and given["mode"] in (None, "shared"):
        raise Failure("--agents is for --mode virtual; in shared mode the host's nodes run the pods", Exit.USAGE)
    if given["kubeconfig_server"]:
        _put_first(spec, given["kubeconfig_server"])
    secrets = []
    if given["token"]:
        secrets.append(token_secret(wanted.name, place, given["token"]))
        spec["tokenSecretRef"] = token_reference(wanted.name, place)
    if given["custom_certs"]:
        secrets += certificate_secrets(wanted.name, place, given["custom_certs"])
        spec["customCAs"] = custom_cas(wanted.name)
    metadata: dict[str, Any] = {"name": wanted.name, "namespace": place}
    for field in ("labels", "annotations"):
        if given[field]:
            metadata[field] = values.pairs(f"--{field}", given[field])
    body = {"apiVersion": API_VERSION, "kind": "Cluster", "metadata": metadata, "spec": spec}
    check_cluster(body)
    return Creation(cluster=body, namespace=place, secrets=secrets, policy=given["policy"])


def _reached_at_node_port(creation: Creation, server: str) -> Creation:
    """Have its certificate bear the name of the host's own API, for that is where a node port is looked for first."""
    spec = dict(creation.cluster["spec"])
    if host := URL(server).host:
        _put_first(spec, host, unless_any=True)
    return replace(creation, cluster={**creation.cluster, "spec": spec})


def _put_first(spec: dict[str, Any], name: str, *, unless_any: bool = False) -> None:
    others = spec.get("tlsSANs", [])
    if name not in others and not (others and unless_any):
        spec["tlsSANs"] = [name, *others]


def _next_steps(cluster: Object, *, ready: bool) -> str:
    usual = cluster.namespace == f"k3k-{cluster.name}"
    name = cluster.name if usual else f"{cluster.namespace}/{cluster.name}"
    if not ready:
        return f"See it become ready: vkp status {name}"
    return (
        f"It is ready. Use it:\n  vkp connect {name}                        # a shell in which kubectl talks to it\n"
        f"  vkp kubeconfig get {name} > {cluster.name}.kubeconfig"
    )
