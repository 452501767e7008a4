"""The options that say what a Cluster should be like, and the spec that they make.

One table for `cluster create` and `cluster update`: an option that stands for a field which cannot change later is in
the first only. An option that is not given leaves its field out, so that the server's default holds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from vk_provider.cli import values

F = TypeVar("F", bound=Callable[..., Any])
Convert = Callable[[Any], Any]
EXPOSURES = ("clusterip", "nodeport", "loadbalancer", "ingress")
PART = object()  # an option that makes a field together with others


@dataclass(frozen=True, slots=True)
class SpecOption:
    flag: str
    path: str  # in the spec, with dots
    help: str
    convert: Convert = lambda value: value
    changeable: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)  # click's

    @property
    def parameter(self) -> str:
        return self.flag.split("/")[0].lstrip("-").replace("-", "_")


def _several(flag: str, path: str, convert: Callable[[str, Sequence[str]], Any], metavar: str, text: str) -> SpecOption:
    settings = {"multiple": True, "metavar": metavar}
    return SpecOption(flag, path, f"{text} May be repeated.", lambda given: convert(flag, given), settings=settings)


def _image_tag(version: str) -> str:
    return version.replace("+", "-")


SPEC_OPTIONS = (
    SpecOption(
        "--mode",
        "mode",
        "How it runs pods: shared, as pods of the host.",
        changeable=False,
        settings={"type": click.Choice(["shared", "virtual", "hcp"])},
    ),
    SpecOption(
        "--version",
        "version",
        "Version of K3s, as v1.31.4-k3s1.  [default: the host's]",
        _image_tag,
        settings={"metavar": "VERSION"},
    ),
    SpecOption("--servers", "servers", "Replicas of the control plane.", settings={"type": click.IntRange(min=1)}),
    SpecOption("--agents", "agents", "Agents, in virtual mode.", settings={"type": click.IntRange(min=0)}),
    SpecOption("--cluster-cidr", "clusterCIDR", "Range of pod addresses.", changeable=False),
    SpecOption("--service-cidr", "serviceCIDR", "Range of Service addresses.", changeable=False),
    SpecOption("--cluster-dns", "clusterDNS", "Address of the DNS Service.", changeable=False),
    SpecOption(
        "--persistence-type",
        "persistence.type",
        "Where its data is: dynamic in a claim, ephemeral in the pod.",
        changeable=False,
        settings={"type": click.Choice(["dynamic", "ephemeral"])},
    ),
    SpecOption("--storage-class-name", "persistence.storageClassName", "StorageClass of the claim.", changeable=False),
    SpecOption("--storage-request-size", "persistence.storageRequestSize", "Size of the claim.", changeable=False),
    _several(
        "--tls-sans", "tlsSANs", lambda _, given: values.listed(given), "NAME", "Name or address for its certificate."
    ),
    _several("--server-args", "serverArgs", values.arguments, "FLAG", "Flag for K3s servers."),
    _several("--agent-args", "agentArgs", values.arguments, "FLAG", "Flag for K3s agents."),
    _several("--server-envs", "serverEnvs", values.environment, "NAME=VALUE", "Environment of servers."),
    _several("--agent-envs", "agentEnvs", values.environment, "NAME=VALUE", "Environment of agents."),
    _several("--node-selector", "nodeSelector", values.changes, "KEY=VALUE", "Label of the host nodes it may use."),
    _several("--server-limit", "serverLimit", values.changes, "RESOURCE=QUANTITY", "Limit of a server, as cpu=1."),
    _several("--worker-limit", "workerLimit", values.changes, "RESOURCE=QUANTITY", "Limit of an agent."),
    SpecOption("--priority-class", "priorityClass", "PriorityClass of its servers.", settings={"metavar": "NAME"}),
    SpecOption("--runtime-class", "runtimeClassName", "RuntimeClass of its servers.", settings={"metavar": "NAME"}),
    SpecOption(
        "--mirror-host-nodes/--no-mirror-host-nodes",
        "mirrorHostNodes",
        "Have a node for each node of the host.",
        settings={"default": None},
    ),
    _several(
        "--secret-mount",
        "secretMounts",
        lambda _, given: values.secret_mounts(given),
        "SECRET:PATH",
        "Secret to mount in servers.",
    ),
)
"""Those that say one field each."""


def spec_options(*, changeable_only: bool) -> Callable[[F], F]:
    """Add them to a command; it gets them as keyword arguments for `spec_of`."""

    def add(command: F) -> F:
        for option in reversed(_combined()):
            command = option(command)
        for each in reversed(SPEC_OPTIONS):
            if each.changeable or not changeable_only:
                command = click.option(each.flag, help=each.help, **each.settings)(command)
        return command

    return add


def spec_of(given: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """Return the spec that the options make; what was not given is not in it. Raises Failure for what cannot be."""
    spec: dict[str, Any] = {}
    for option in SPEC_OPTIONS:
        value = given.get(option.parameter)
        if value is not None and value != ():
            _put(spec, option.path, option.convert(value))
    annotations = values.pairs("--expose-annotation", given["expose_annotation"])
    if given["expose"] or given["expose_port"] is not None or given["ingress_class"] or annotations:
        kind = given["expose"] or "clusterip"
        spec["expose"] = values.exposure(kind, given["expose_port"], given["ingress_class"], annotations)
    if given["sync"] or given["no_sync"]:
        spec["sync"] = values.sync(given["sync"], given["no_sync"])
    if given["addon"]:
        spec["addons"] = [{"secretNamespace": namespace, "secretRef": name} for name in values.listed(given["addon"])]
    return spec


def _put(spec: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        spec = spec.setdefault(parent, {})
    spec[last] = value


def _combined() -> list[Callable[[F], F]]:
    return [
        click.option(
            "--expose",
            type=click.Choice(EXPOSURES),
            help="How its API is reached from outside the host cluster; `vkp connect` needs none of these.",
        ),
        click.option("--expose-port", type=click.IntRange(1, 65535), help="Port, for loadbalancer and nodeport."),
        click.option("--ingress-class", metavar="NAME", help="IngressClass, for ingress; --tls-sans has its hosts."),
        click.option("--expose-annotation", multiple=True, metavar="KEY=VALUE", help="Annotation of what exposes it."),
        click.option(
            "--sync",
            multiple=True,
            metavar="KIND[:KEY=VALUE]",
            help=f"Reflect a kind, or those with a label: {', '.join(values.SYNC_KINDS)}. May be repeated.",
        ),
        click.option("--no-sync", multiple=True, metavar="KIND", help="Do not reflect a kind. May be repeated."),
        click.option(
            "--addon",
            multiple=True,
            metavar="SECRET",
            help="Secret in the Cluster's namespace, with manifests that are applied in it. May be repeated.",
        ),
    ]
