"""`vkp explain`: both sides of a live pod, and what lies between them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from kube.client import Client
from kube.credentials import load_in_cluster, load_kubeconfig
from kube.discovery import Discovery
from kube.errors import ApiError, CredentialsError, Forbidden, NotFound
from kube.objects import Object
from kube.resources import CONFIG_MAPS, EVENTS, LEASES, PERSISTENT_VOLUME_CLAIMS, PODS, SECRETS, Resource
from reflectors.host_objects import body_of
from reflectors.translation.context import ApiServer, Context, Version
from reflectors.translation.pod_spec import KIND as POD
from reflectors.translation.references import references
from reflectors.translation.volumes import plain_spec
from vk_provider.cli.explanation import Leaning, Seen, explanation

LEASES_OF_NODES = "kube-node-lease"
_RESOURCES = {"ConfigMap": CONFIG_MAPS, "PersistentVolumeClaim": PERSISTENT_VOLUME_CLAIMS, "Secret": SECRETS}
_NOWHERE = ApiServer("0.0.0.0", 443)  # noqa: S104 - no address to listen on: nothing of what is shown depends on it


@click.command()
@click.argument("pod", metavar="[NAMESPACE/]POD")
@click.option("--cluster", required=True, envvar="VKP_CLUSTER", help="Name of the virtual cluster.")
@click.option("--host-namespace", envvar="VKP_HOST_NAMESPACE", help="Namespace on the host.  [default: k3k-CLUSTER]")
@click.option(
    "--virtual-kubeconfig",
    required=True,
    type=click.Path(path_type=Path),
    envvar="VKP_VIRTUAL_KUBECONFIG",
    help="Kubeconfig for the virtual cluster.",
)
@click.option(
    "--host-kubeconfig",
    type=click.Path(path_type=Path),
    envvar="VKP_HOST_KUBECONFIG",
    help="Kubeconfig for the host cluster; without it, the pod's own service account.",
)
def explain(
    pod: str, cluster: str, host_namespace: str | None, virtual_kubeconfig: Path, host_kubeconfig: Path | None
) -> None:
    """Show a pod on both sides: names, states, what is still to be done, and what went wrong last.

    Ends with 1 if the pod is not as it should be.
    """
    namespace, _, name = pod.rpartition("/")
    namespace = namespace or "default"
    host_namespace = host_namespace or f"k3k-{cluster}"
    try:
        seen = asyncio.run(_look(namespace, name, (cluster, host_namespace), (virtual_kubeconfig, host_kubeconfig)))
    except NotFound as error:
        raise click.ClickException(f"the virtual cluster has no pod {namespace}/{name}") from error
    except (ApiError, CredentialsError) as error:
        raise click.ClickException(str(error)) from error
    told = explanation(seen, now=datetime.now(UTC))
    click.echo("\n".join(told.lines))
    raise SystemExit(0 if told.is_well else 1)


async def _look(namespace: str, name: str, whose: tuple[str, str], kubeconfigs: tuple[Path, Path | None]) -> Seen:
    virtual_kubeconfig, host_kubeconfig = kubeconfigs
    on_host = load_in_cluster() if host_kubeconfig is None else await load_kubeconfig(host_kubeconfig)
    in_virtual = await load_kubeconfig(virtual_kubeconfig)
    async with (
        Client(in_virtual, user_agent="vkp", field_manager="vkp") as virtual,
        Client(on_host, user_agent="vkp", field_manager="vkp") as host,
    ):
        context = await _context(whose, virtual, host)
        virtual_pod = await virtual.get(PODS, name, namespace)
        shown = virtual_pod.to_dict()
        host_name = context.host_name(POD, namespace, name)
        node = shown["spec"].get("nodeName") or ""
        return Seen(
            context=context,
            virtual=shown,
            host=body_of(await _get(host, PODS, host_name, context.host_namespace)),
            leanings=[await _leaning(each, shown, (virtual, host), context) for each in _references(shown)],
            events=await _events(virtual, virtual_pod),
            lease=body_of(await _get(virtual, LEASES, node, LEASES_OF_NODES)) if node else None,
        )


async def _context(whose: tuple[str, str], virtual: Client, host: Client) -> Context:
    cluster, host_namespace = whose
    return Context(
        cluster=cluster,
        host_namespace=host_namespace,
        api_server=_NOWHERE,
        host_version=Version(*await Discovery(host).server_version()),
        virtual_version=Version(*await Discovery(virtual).server_version()),
    )


def _references(pod: dict[str, Any]) -> list[tuple[str, str, bool]]:
    found = references(plain_spec(pod))
    needed = {(each.kind, each.name) for each in found if not each.optional}
    named = {(each.kind, each.name) for each in found if each.kind in _RESOURCES}
    return sorted((kind, name, (kind, name) not in needed) for kind, name in named)


async def _leaning(
    wanted: tuple[str, str, bool], pod: dict[str, Any], clients: tuple[Client, Client], context: Context
) -> Leaning:
    kind, name, optional = wanted
    virtual, host = clients
    namespace = pod["metadata"]["namespace"]
    host_name = context.host_name(kind, namespace, name)
    return Leaning(
        kind=kind,
        name=name,
        host_name=host_name,
        optional=optional,
        is_virtual=await _get(virtual, _RESOURCES[kind], name, namespace) is not None,
        is_on_host=await _get(host, _RESOURCES[kind], host_name, context.host_namespace) is not None,
    )


async def _events(virtual: Client, pod: Object) -> Sequence[dict[str, Any]]:
    selector = f"involvedObject.uid={pod.uid}"
    found = await virtual.list(EVENTS, pod.namespace, field_selector=selector)
    return [event.to_dict() for event in found.objects]


async def _get(client: Client, resource: Resource, name: str, namespace: str) -> Object | None:
    try:
        return await client.get(resource, name, namespace)
    except (NotFound, Forbidden):
        return None
