"""The options of an installation, as the manifests have them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from vk_provider.install.options import IMAGE, NAMESPACE

F = TypeVar("F", bound=Callable[..., Any])


def namespace_option(command: F) -> F:
    """Add `-n`, for the controller's namespace."""
    return click.option(
        "-n",
        "--namespace",
        metavar="NAMESPACE",
        default=NAMESPACE,
        show_default=True,
        help="Of the controller.",
    )(command)


def installation_options(command: F) -> F:
    """Add what an installation may be like; the command gets keyword arguments for `Options`."""
    for add in reversed(
        [
            click.option("--image", metavar="IMAGE", default=IMAGE, show_default=True, help="Image of vk-provider."),
            click.option(
                "--image-pull-policy",
                type=click.Choice(["Always", "IfNotPresent", "Never"]),
                help="Of this image and of the servers'.  [default: the host's]",
            ),
            click.option(
                "--image-pull-secret",
                "image_pull_secrets",
                metavar="SECRET",
                multiple=True,
                help="For both; it must be there in each namespace that has Clusters. May be repeated.",
            ),
            click.option("--server-image", metavar="REPOSITORY", help="Of K3s.  [default: rancher/k3s]"),
            click.option("--service-cidr", metavar="RANGE", help="Of the host's Services.  [default: asked for]"),
            click.option(
                "--pod-cidr",
                "pod_cidrs",
                metavar="RANGE",
                multiple=True,
                help="Of the host's pods. May be repeated.  [default: asked for]",
            ),
            click.option(
                "--replicas", type=click.IntRange(min=1), default=2, show_default=True, help="Of the controller."
            ),
            click.option(
                "--provider-replicas",
                type=click.IntRange(min=1, max=10),
                default=1,
                show_default=True,
                help="Of each virtual cluster's provider; with 2, one stands by.",
            ),
            click.option(
                "--one-namespace",
                is_flag=True,
                help="Clusters of the controller's own namespace only, without any right outside it.",
            ),
        ]
    ):
        command = add(command)
    return command
