"""`--kubeconfig`, `--context` and `--debug`: they may stand anywhere on the command line; the last one counts."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

OWN_PROCESS = object()
"""What the context holds when the process is the command's own, so that it may say where logs go."""

KUBECONFIG, CONTEXT, DEBUG = "vkp.kubeconfig", "vkp.context", "vkp.debug"
F = TypeVar("F", bound=Callable[..., Any])


def host_options(command: F) -> F:
    """Add the options that say which host cluster is meant."""
    for add in (
        _remembered("--debug", DEBUG, is_flag=True, help="Tell more of what goes on, and of what goes wrong."),
        _remembered("--context", CONTEXT, metavar="NAME", help="Context in it.  [default: its current one]"),
        _remembered(
            "--kubeconfig",
            KUBECONFIG,
            metavar="FILE",
            help="Kubeconfig for the host cluster.  [default: VKP_HOST_KUBECONFIG, KUBECONFIG or ~/.kube/config]",
        ),
    ):
        command = add(command)
    return command


def _remembered(name: str, key: str, **settings: Any) -> Callable[[F], F]:
    def remember(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            context.meta[key] = value

    return click.option(name, expose_value=False, callback=remember, **settings)
