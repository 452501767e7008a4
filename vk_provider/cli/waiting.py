"""`--wait` and `--timeout`: stay until a Cluster is ready, or gone, and show what keeps it."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, TypeVar

import click

from kube.client import Client
from kube.objects import Object
from vk_provider.cli.cluster_columns import phase
from vk_provider.cli.durations import DURATION
from vk_provider.cli.exits import Exit, Failure
from vk_provider.cli.following import follow
from vk_provider.cli.output import Json, duration
from vk_provider.cli.progress import showing_progress
from vk_provider.cli.verdicts import NOT_SEEN, Done, Stuck, Underway, verdict
from vk_provider.controller.resources import CLUSTERS

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT = 180.0


def wait_options(until: str, *, default: bool = False) -> Callable[[F], F]:
    """Add `--wait` and `--timeout`."""

    def add(command: F) -> F:
        timeout = click.option(
            "--timeout",
            type=DURATION,
            default=DEFAULT,
            help="How long to wait; what was begun goes on by itself afterwards.  [default: 3m]",
        )
        wait = click.option("--wait/--no-wait", default=default, show_default=True, help=f"Wait until {until}.")
        return wait(timeout(command))

    return add


async def wait_until_ready(host: Client, cluster: Object, timeout: float) -> Json:  # noqa: ASYNC109 - told in the error
    """Return the Cluster once it is ready; raises Failure when it is stuck, gone, or the time is up."""
    name, namespace = cluster.name, cluster.namespace

    def is_ready(state: Json | None) -> bool:
        if state is None:
            raise Failure(f"Cluster {namespace}/{name} was deleted meanwhile", Exit.NOT_FOUND)
        judged = verdict(state)
        if isinstance(judged, Stuck):
            raise _stuck(name, namespace, phase(state), judged.why)
        return isinstance(judged, Done)

    last, ready = await _watched_until(is_ready, host, cluster, timeout)
    if not ready:
        raise _late(name, namespace, last, timeout)
    return last


async def wait_until_gone(host: Client, cluster: Object, timeout: float) -> None:  # noqa: ASYNC109 - told in the error
    """Return once the Cluster is no more; raises Failure when the time is up."""
    name, namespace = cluster.name, cluster.namespace
    last, gone = await _watched_until(lambda state: state is None, host, cluster, timeout)
    if gone:
        return
    finalizers = ", ".join(last["metadata"].get("finalizers", ())) or "none"
    raise Failure(
        f"Cluster {namespace}/{name} is still there after {duration(timeout)}; its finalizers: {finalizers}",
        Exit.TIMED_OUT,
        advice="It goes as soon as the controller has cleaned up; is that running? vkp doctor",
    )


async def _watched_until(
    is_over: Callable[[Json | None], bool],
    host: Client,
    cluster: Object,
    timeout: float,  # noqa: ASYNC109 - told in the error
) -> tuple[Json, bool]:
    """Show each state of this very Cluster until one is the end, or the time is up; return the last, and which it was.

    `is_over` is asked of each state, and of None once it is no more.
    """
    name, namespace = cluster.name, cluster.namespace
    last: Json = cluster.to_dict()
    with showing_progress(f"Cluster {namespace}/{name}") as progress:
        try:
            async with asyncio.timeout(timeout), aclosing(follow(host, CLUSTERS, name, namespace)) as states:
                async for state in states:
                    there = state is not None and state.uid == cluster.uid
                    if state is not None and there:
                        last = state.to_dict()
                        progress(last)
                    if is_over(last if there else None):
                        return last, True
        except TimeoutError:
            pass
    return last, False


def _stuck(name: str, namespace: str, now: str, why: str) -> Failure:
    advice = f"See more: vkp cluster describe {namespace}/{name}"
    return Failure(f"Cluster {namespace}/{name} is {now}: {why}", advice=advice)


def _late(name: str, namespace: str, last: Json, seconds: float) -> Failure:
    now = verdict(last)
    what = now.what if isinstance(now, Underway) else phase(last)
    seen = f"See more: vkp cluster describe {namespace}/{name}\nSee it go on: vkp status {namespace}/{name}"
    return Failure(
        f"Cluster {namespace}/{name} is not ready after {duration(seconds)}: {what}",
        Exit.TIMED_OUT,
        advice="Is the controller running? vkp doctor" if what == NOT_SEEN else seen,
    )
