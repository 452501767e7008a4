"""`vkp uninstall`: takes away what `vkp install` or the manifests brought, and no Cluster unless it is told to."""

import asyncio
import sys
from collections.abc import Sequence

import click

from kube.client import Propagation
from kube.errors import NotFound
from kube.objects import Object
from kube.resources import NAMESPACES, Resource
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.failures import is_kind_missing
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.installing.kinds import CRDS, resource_of, told
from vk_provider.cli.installing.options import namespace_option
from vk_provider.cli.output import duration
from vk_provider.cli.step_display import Steps, showing_steps
from vk_provider.cli.waiting import wait_options, wait_until_gone
from vk_provider.controller.resources import CLUSTERS, POLICIES
from vk_provider.install.objects import objects
from vk_provider.install.options import NAMESPACE, Options

_LOOK_SECONDS = 0.5
_SHOWN = 5


@click.command()
@namespace_option
@click.option("--delete-clusters", is_flag=True, help="Delete all Clusters and policies first, with all data in them.")
@click.option("--keep-clusters", is_flag=True, help="Leave kinds, Clusters and policies; nobody looks after them then.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
@wait_options("all is gone", default=True)
@host_options
def uninstall(
    *,
    namespace: str,
    delete_clusters: bool,
    keep_clusters: bool,
    yes: bool,
    wait: bool,
    timeout: float,
) -> None:
    """Take vk-provider off the host cluster.

    While there are Clusters or policies, say what is to become of them.
    """
    if delete_clusters and keep_clusters:
        raise Failure("--delete-clusters and --keep-clusters exclude each other", Exit.USAGE)

    async def work(host: Host) -> None:
        kept = [] if keep_clusters else await _clusters_and_policies(host)
        if kept and not delete_clusters:
            raise _still_there(kept)
        if kept and not yes:
            _confirm(kept)
        for each in kept:
            await _delete_kept(host, each, timeout)
        with showing_steps() as steps:
            gone = await _delete_installation(host, namespace, keep_kinds=keep_clusters, steps=steps)
            if wait:
                await _wait_until_gone(host, gone, timeout, steps)
        click.echo("vk-provider is uninstalled.", err=True)
        if namespace != NAMESPACE:
            click.echo(f"Namespace {namespace} stays: kubectl delete namespace {namespace}", err=True)
        if keep_clusters:
            click.echo("Clusters stay as they are, and cannot be deleted until it is installed again.", err=True)

    on_host(work)


async def _clusters_and_policies(host: Host) -> list[Object]:
    found: list[Object] = []
    for resource in (CLUSTERS, POLICIES):
        try:
            found += (await host.list(resource)).objects
        except NotFound as error:
            if not is_kind_missing(error):
                raise
    return found


async def _delete_kept(host: Host, obj: Object, timeout: float) -> None:  # noqa: ASYNC109
    if obj.kind == POLICIES.kind:
        await _delete(host, POLICIES, obj.name, None)
        return
    await _delete(host, CLUSTERS, obj.name, obj.namespace)
    await wait_until_gone(host, obj, timeout)  # while the controller is still there to clean up


async def _delete_installation(
    host: Host, namespace: str, *, keep_kinds: bool, steps: Steps
) -> list[tuple[Resource, str]]:
    """Delete all of it, whichever form it has; return what takes a while to be gone."""
    forms = [Options(namespace=namespace, one_namespace=one) for one in (True, False)]
    bodies = {told(body): body for form in forms for body in objects(form)}
    slow: list[tuple[Resource, str]] = []
    for what, body in reversed(bodies.items()):
        resource, name = resource_of(body), body["metadata"]["name"]
        is_kept = (resource is CRDS and keep_kinds) or (resource is NAMESPACES and namespace != NAMESPACE)
        if is_kept:
            continue
        steps(what)
        await _delete(host, resource, name, body["metadata"].get("namespace"))
        if resource in (CRDS, NAMESPACES):
            slow.append((resource, name))
    return slow


async def _delete(host: Host, resource: Resource, name: str, namespace: str | None) -> None:
    try:
        await host.delete(resource, name, namespace, propagation=Propagation.BACKGROUND)
    except NotFound:
        return


async def _wait_until_gone(
    host: Host,
    wanted: Sequence[tuple[Resource, str]],
    timeout: float,  # noqa: ASYNC109
    steps: Steps,
) -> None:
    left = list(wanted)
    try:
        async with asyncio.timeout(timeout):
            while left:
                resource, name = left[0]
                try:
                    await host.get(resource, name)
                except NotFound:
                    left.pop(0)
                    continue
                steps(f"{resource.kind} {name} is still there")
                await asyncio.sleep(_LOOK_SECONDS)
            return
    except TimeoutError:
        pass
    names = ", ".join(f"{resource.kind} {name}" for resource, name in left)
    raise Failure(f"still there after {duration(timeout)}: {names}", Exit.TIMED_OUT)


def _still_there(kept: Sequence[Object]) -> Failure:
    names = [f"{each.kind} {each.key}" for each in kept]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Failure(
        f"there are still {', '.join(names[:_SHOWN])}{more}",
        advice="Delete them with all data in them: vkp uninstall --delete-clusters\n"
        "Or leave them as they are, with nobody to look after them: vkp uninstall --keep-clusters",
    )


def _confirm(kept: Sequence[Object]) -> None:
    if sys.stdin.isatty() and sys.stderr.isatty():
        count = f"{len(kept)} Cluster(s) and policies"
        click.confirm(f"Delete {count}, with all data in them?", abort=True, err=True)
