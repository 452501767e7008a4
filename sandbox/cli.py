"""The commands of `python -m sandbox`."""

import sys
from pathlib import Path

import click
from rich.console import Console

from sandbox import binaries, claims, control_plane, core, host
from sandbox.binaries import Binaries
from sandbox.control_plane import HOST
from sandbox.core import Sandbox, changing, load_sandbox
from sandbox.errors import SandboxError
from sandbox.images import ImageStore
from sandbox.layout import DEFAULT_STATE
from sandbox.progress_display import showing_progress
from sandbox.provider_image import built_image
from sandbox.record import Cluster

out = Console(highlight=False, soft_wrap=True)
state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_STATE,
    show_default=True,
    envvar="VKP_SANDBOX",
    help="Directory that holds the sandbox. Several sandboxes, each in its own, run side by side.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    r"""A real Kubernetes on this machine, for trying things out, tests and benchmarks.

    `up` starts a host cluster: etcd, API server, controllers, scheduler, and nodes that run real containers. Then

    \b
        export KUBECONFIG=$(python -m sandbox kubeconfig host)
        kubectl run hello --image=busybox -- sleep 3600
        kubectl get pods -o wide

    `down` ends and removes everything that `up` made. Slow downloads and builds are kept in
    ~/.cache/vk-provider (or below XDG_CACHE_HOME).
    """


@main.command()
@state_option
@click.option("--nodes", type=click.IntRange(1, 20), default=1, show_default=True, help="Nodes of the host cluster.")
@click.option("--no-nodes", is_flag=True, help="Start no host cluster, only what --api-server names. Needs no root.")
@click.option(
    "--api-server",
    "names",
    multiple=True,
    metavar="NAME",
    help="Start one more API server, without nodes, under this name. May be repeated.",
)
@click.option("--controllers", is_flag=True, help="Give those a controller-manager and a scheduler.")
def up(state: Path, nodes: int, no_nodes: bool, names: tuple[str, ...], controllers: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Start a sandbox, or what is missing of it.

    Programs come from KUBEBUILDER_ASSETS, else PATH, else the cache; else Kubernetes is built from Debian's source
    package, which takes 10 to 15 minutes, once.
    """
    _check_names(names)
    with showing_progress() as progress:
        found = binaries.find(progress)
        with changing(state, progress) as sandbox:
            if not no_nodes:
                host.start(sandbox, found, nodes=nodes)
            for name in names:
                _start_api_server(sandbox, name, found, controllers=controllers)
    _tell_how_to_use(sandbox)


@main.command()
@state_option
@click.option("--all", "everything", is_flag=True, help="End every sandbox below this directory.")
def down(state: Path, everything: bool) -> None:  # noqa: FBT001 - click passes flags so
    """End everything that was started, also after a crash, and remove all traces but the cache."""
    below = [owner for owner in claims.all_claims().values() if owner.is_relative_to(Path.cwd())]
    states = sorted({state.absolute(), *below}) if everything else [state]
    with showing_progress() as progress:
        removed = [each for each in states if core.remove(each, progress)]
    for each in removed:
        out.print(f"Sandbox {each} is gone.")
    if not removed:
        out.print(f"No sandbox in {state}.")


@main.command()
@state_option
@click.option("--nodes", type=click.IntRange(1, 20), default=1, show_default=True, help="Nodes of the host cluster.")
@click.pass_context
def reset(context: click.Context, state: Path, nodes: int) -> None:
    """Throw the sandbox away and start a new one."""
    with showing_progress() as progress:
        core.remove(state, progress)
    context.invoke(up, state=state, nodes=nodes)


@main.command()
@state_option
def prepare(state: Path) -> None:
    """Download and build all that `up` needs, and start nothing."""
    with showing_progress() as progress:
        host.prepare(binaries.find(progress))
    out.print(f"Ready for `python -m sandbox up --state {state}`.")


@main.command()
@state_option
def status(state: Path) -> None:
    """Show what runs. Exits with 1 if anything that should does not."""
    sandbox = _existing(state)
    dead = False
    width = max(map(len, sandbox.record.processes), default=0)
    for name, process in sandbox.record.processes.items():
        alive = process.is_alive()
        dead = dead or not alive
        word = "running" if alive else "[red]ended  [/red]"
        out.print(f"{name:{width}}  {word}  {process.pid:<7}  {process.log}")
    for cluster in sandbox.record.clusters.values():
        code, body = sandbox.get(cluster, "/readyz")
        healthy = code == 200
        dead = dead or not healthy
        word = "ready" if healthy else f"not ready ({body.decode(errors='replace').strip()[-120:]})"
        out.print(f"{cluster.name}: {cluster.server} is {word}")
    if dead:
        raise SandboxError(f"not everything runs; `python -m sandbox up --state {state}` starts what is missing")


@main.command()
@state_option
@click.argument("cluster", default=HOST)
def kubeconfig(state: Path, cluster: str) -> None:
    """Print the path of a cluster's kubeconfig; without a name, the host's."""
    out.print(str(_existing(state).layout.kubeconfig(_cluster(_existing(state), cluster).name)))


@main.group()
def image() -> None:
    """Look at the images that pods can use, and add some."""


@image.command("list")
@state_option
def image_list(state: Path) -> None:
    """List the images that the sandbox's registry has."""
    for name in ImageStore(_existing(state).layout.images).names():
        out.print(name)


@image.command("build")
def image_build() -> None:
    """Build our own image of the working tree as it is, and print the archive that it is in."""
    with showing_progress() as progress:
        archive = built_image(progress)
    out.print(str(archive))


@image.command("load")
@state_option
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def image_load(state: Path, archive: Path) -> None:
    """Add images from an archive, as `buildah push IMAGE docker-archive:FILE` or `docker save` write it."""
    _existing(state)
    with showing_progress() as progress, changing(state, progress) as sandbox:
        names = host.add_image(sandbox, archive, binaries.find(progress))
    for name in names:
        out.print(name)


def run() -> None:
    """Run a command; an expected failure is one line on stderr and exit code 1, an interruption 130."""
    try:
        main(standalone_mode=False)
    except SandboxError as error:
        _fail(f"Error: {error}", 1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("Interrupted. `up` goes on from here; `down` removes everything.", 130)
    except OSError as error:
        _fail(f"Error: {error}; free the resource it names, then run the same command again", 1)


def _fail(text: str, code: int) -> None:
    click.echo(text, err=True)
    sys.exit(code)


def _existing(state: Path) -> Sandbox:
    sandbox = load_sandbox(state)
    if sandbox is None:
        raise SandboxError(f"no sandbox in {state}; start one: `python -m sandbox up --state {state}`")
    return sandbox


def _cluster(sandbox: Sandbox, name: str) -> Cluster:
    try:
        return sandbox.record.clusters[name]
    except KeyError:
        known = ", ".join(sandbox.record.clusters) or "none"
        raise SandboxError(f"no cluster {name!r} here; there is: {known}") from None


def _check_names(names: tuple[str, ...]) -> None:
    for name in names:
        if name == HOST or not name.isascii() or not name.replace("-", "").isalnum() or not name.islower():
            raise click.BadParameter(f"{name!r}: lower-case letters, digits and dashes, and not {HOST!r}")


def _start_api_server(sandbox: Sandbox, name: str, found: Binaries, *, controllers: bool) -> None:
    cluster = control_plane.start(sandbox, name, found, controllers=controllers)
    if cluster.controllers:
        control_plane.wait_for_controllers(sandbox, cluster)


def _tell_how_to_use(sandbox: Sandbox) -> None:
    for name, cluster in sandbox.record.clusters.items():
        out.print(f"{name}: {cluster.server}")
        out.print(f"  export KUBECONFIG={sandbox.layout.kubeconfig(name)}")
