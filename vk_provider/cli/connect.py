"""`vkp connect`: a shell, or a command, for which a virtual cluster is the cluster."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import click

from vk_provider.cli.address_options import name_argument, namespace_option
from vk_provider.cli.addresses import find_cluster, typed
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.host import Host, on_host
from vk_provider.cli.host_options import CONTEXT, KUBECONFIG, host_options
from vk_provider.cli.kubeconfigs import HOST_CONTEXT, HOST_KUBECONFIG, kubeconfig_files
from vk_provider.cli.reaching import Way, way_to
from vk_provider.cli.waiting import wait_options, wait_until_ready

CONNECTED = "VKP_CONNECTED"
_ENDS = (signal.SIGTERM, signal.SIGHUP)
_NOT_FOUND, _NOT_EXECUTABLE, _SIGNALLED = 127, 126, 128  # as shells have it


@click.command()
@name_argument
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@namespace_option
@click.option(
    "--forward/--no-forward",
    default=None,
    help="Forward a port through the host's API server.  [default: if there is no other route]",
)
@wait_options("the Cluster is ready")
@host_options
def connect(
    *,
    name: str,
    command: tuple[str, ...],
    namespace: str | None,
    forward: bool | None,
    wait: bool,
    timeout: float,
) -> None:
    """Run a shell in which kubectl and the like talk to a virtual cluster; or a command, after `--`.

    \b
        vkp connect demo
        vkp connect demo -- kubectl get pods -A

    Ends as the command does. KUBECONFIG names a file that is gone afterwards; `vkp` itself goes on talking to the host.
    """  # noqa: D301 - click wants the backspace itself
    wanted = typed(name, namespace)

    async def work(host: Host) -> int:
        cluster = await find_cluster(host, wanted)
        if wait:
            await wait_until_ready(host, cluster, timeout)
        async with way_to(host, cluster, forward=forward) as way:
            place = f"{cluster.namespace}/{cluster.name}"
            if not command:
                _tell(place, way)
            return await run(command or _shell(os.environ), _environment(place, way, os.environ))

    raise SystemExit(on_host(work))


async def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command on this terminal to its end and return its exit code; what ends us is handed on to it."""
    with _ends_kept() as ends:
        try:
            process = await asyncio.create_subprocess_exec(*command, env=environment)
        except FileNotFoundError as error:
            raise _not_run(command, "there is no such program", _NOT_FOUND) from error
        except OSError as error:
            raise _not_run(command, error.strerror or str(error), _NOT_EXECUTABLE) from error
        handing_on = asyncio.create_task(_hand_on(ends, process))
        try:
            code = await process.wait()
        finally:
            handing_on.cancel()
    return code if code >= 0 else _SIGNALLED - code


@contextmanager
def _ends_kept() -> Iterator[asyncio.Queue[int]]:
    """Give what ends only us, to be handed on; Ctrl-C the terminal sends to the command as well."""
    loop = asyncio.get_running_loop()
    kept: asyncio.Queue[int] = asyncio.Queue()
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    for number in _ENDS:
        loop.add_signal_handler(number, kept.put_nowait, number)
    try:
        yield kept
    finally:
        for number in (signal.SIGINT, *_ENDS):
            loop.remove_signal_handler(number)


async def _hand_on(ends: asyncio.Queue[int], process: asyncio.subprocess.Process) -> None:
    while True:
        number = await ends.get()
        with suppress(ProcessLookupError):
            process.send_signal(number)


def _environment(place: str, way: Way, ours: Mapping[str, str]) -> dict[str, str]:
    """Return the command's: the virtual cluster for everybody, and the host, as it was said to us, for `vkp`."""
    meta = click.get_current_context().meta
    files = kubeconfig_files(meta.get(KUBECONFIG), ours)
    theirs = {**ours, "KUBECONFIG": str(way.kubeconfig), CONNECTED: place}
    if files:
        theirs[HOST_KUBECONFIG] = os.pathsep.join(str(path.absolute()) for path in files)
    context = meta.get(CONTEXT) or ours.get(HOST_CONTEXT)
    if context:
        theirs[HOST_CONTEXT] = context
    return theirs


def _shell(environment: Mapping[str, str]) -> list[str]:
    return [environment.get("SHELL") or "/bin/sh"]


def _tell(place: str, way: Way) -> None:
    if not sys.stderr.isatty():
        return
    how = " through a forwarded port" if way.is_forwarded else ""
    click.echo(f"Connected to {place}{how}: kubectl talks to it here. End with `exit`.", err=True)


def _not_run(command: Sequence[str], why: str, code: int) -> Failure:
    failure = Failure(f"{command[0]}: {why}", Exit.FAILED)
    failure.exit_code = code  # type: ignore[misc]  # as shells end then, instead of one of ours
    return failure
