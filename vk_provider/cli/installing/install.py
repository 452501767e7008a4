"""`vkp install`: applies what `manifests/` says, and stays until it works."""

import asyncio
from typing import Any

import click

from kube.discovery import Discovery
from kube.errors import Forbidden, NotFound
from kube.objects import Object
from kube.resources import DEPLOYMENTS, PODS
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import host_options
from vk_provider.cli.installing.kinds import CRDS, HELM, resource_of, told
from vk_provider.cli.installing.options import installation_options, namespace_option
from vk_provider.cli.installing.rollout import is_established, missing_replicas, troubles
from vk_provider.cli.output import duration
from vk_provider.cli.step_display import Steps, showing_steps
from vk_provider.cli.waiting import wait_options
from vk_provider.install.controller import LABELS
from vk_provider.install.crds import RULES_SINCE
from vk_provider.install.objects import objects
from vk_provider.install.options import NAME, Options
from vk_provider.install.write import text_of

_LOOK_SECONDS = 0.5


@click.command()
@namespace_option
@installation_options
@click.option("--take-over", is_flag=True, help="Take over kinds that a Helm release, K3k's say, has brought.")
@click.option("--dry-run", is_flag=True, help="Print what would be applied, for any version of Kubernetes.")
@wait_options("the controller is ready", default=True)
@host_options
def install(*, take_over: bool, dry_run: bool, wait: bool, timeout: float, **given: Any) -> None:
    """Install vk-provider on the host cluster, or bring what is installed up to date.

    The same as `kubectl apply -k manifests/`, with settings, checks and waiting.
    """
    options = {key: value for key, value in given.items() if value is not None}
    if dry_run:
        click.echo(text_of(objects(Options(**options))), nl=False)
        return

    async def work(host: Host) -> None:
        rules = await Discovery(host).server_version() >= RULES_SINCE
        wanted = Options(**options, rules=rules)
        if not take_over:
            await _check_owner(host)
        with showing_steps() as steps:
            for body in objects(wanted):
                steps(told(body))
                await host.apply(resource_of(body), body, force=True)
            if wait:
                await _wait(host, wanted, timeout, steps)
        click.echo(f"vk-provider is installed in {wanted.namespace}.", err=True)
        click.echo("Make a virtual cluster: vkp cluster create demo --wait", err=True)

    on_host(work)


async def _check_owner(host: Host) -> None:
    """Find out whether somebody else's controller looks after Clusters here; two would fight over each."""
    try:
        definition = await host.get(CRDS, "clusters.k3k.io")
    except (NotFound, Forbidden):
        return
    release = definition.metadata.annotations.get(HELM)
    if release:
        raise Failure(
            f"the kind Cluster belongs to the Helm release {release}, whose controller looks after Clusters already",
            advice="Uninstall that first (K3k's leaves kinds and Clusters there), then: vkp install --take-over",
        )


async def _wait(host: Host, options: Options, timeout: float, steps: Steps) -> None:  # noqa: ASYNC109
    missing = ""
    try:
        async with asyncio.timeout(timeout):
            while missing := await _missing(host, options):
                steps(missing)
                await asyncio.sleep(_LOOK_SECONDS)
            return
    except TimeoutError:
        pass
    raise Failure(
        f"the controller is not ready after {duration(timeout)}: {missing}",
        Exit.TIMED_OUT,
        advice=f"See more: kubectl -n {options.namespace} describe pods; vkp doctor",
    )


async def _missing(host: Host, options: Options) -> str:
    """Return what is still to come; empty once all works."""
    for body in objects(options):
        if body["kind"] == CRDS.kind and not is_established((await host.get(CRDS, _name(body))).to_dict()):
            return f"{told(body)} is not served yet"
    deployment: Object = await host.get(DEPLOYMENTS, NAME, options.namespace)
    lacks = missing_replicas(deployment.to_dict())
    if not lacks:
        return ""
    selector = ",".join(f"{key}={value}" for key, value in LABELS.items())
    pods = (await host.list(PODS, options.namespace, label_selector=selector)).objects
    return "; ".join([f"of the controllers, {lacks}", *troubles(pod.to_dict() for pod in pods)])


def _name(body: dict[str, Any]) -> str:
    return str(body["metadata"]["name"])
