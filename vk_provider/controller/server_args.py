"""`spec.serverArgs`: flags of `k3s server`, read so that they go into its configuration file beside our own.

On the command line a list would replace ours, and passwords of datastores would be for everybody to read who may see
pods. Flags that hold the virtual cluster together are refused, each with what to use instead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reflectors.translation.json_values import Draft
from vk_provider.controller.cluster import Cluster, Spec
from vk_provider.controller.mistake import Mistake

CLUSTER_DOMAIN = "cluster.local"
_INSTEAD = {
    "advertise-address": "",
    "advertise-port": "",
    "bind-address": "",
    "cluster-cidr": "spec.clusterCIDR",
    "cluster-dns": "spec.clusterDNS",
    "cluster-init": "spec.servers",
    "cluster-reset": "",
    "cluster-reset-restore-path": "",
    "config": "",
    "data-dir": "",
    "disable-agent": "spec.mode",
    "disable-apiserver": "",
    "disable-cloud-controller": "spec.mode",
    "disable-controller-manager": "",
    "disable-etcd": "",
    "egress-selector-mode": "spec.mode",
    "https-listen-port": "spec.expose",
    "node-ip": "",
    "node-name": "",
    "rootless": "",
    "server": "spec.servers",
    "service-cidr": "spec.serviceCIDR",
    "supervisor-port": "",
    "token": "spec.tokenSecretRef",
    "token-file": "spec.tokenSecretRef",
    "with-node-id": "",
    "write-kubeconfig": "",
}
_OUR_ARGUMENTS = {  # of components, by flag and name
    "kube-apiserver-arg": {"enable-aggregator-routing", "advertise-address", "service-cluster-ip-range"},
    "kube-controller-manager-arg": {"allocate-node-cidrs"},
    "etcd-arg": {"listen-client-urls", "listen-peer-urls"},
}
_SHORT = {"c": "config", "d": "data-dir", "i": "node-ip", "s": "server", "t": "token"}
Flags = Mapping[str, Sequence[str | bool]]


def server_flags(spec: Spec) -> Flags:
    """Return the values of each flag, in the order given; True for one without a value."""
    return _flags(word for argument in spec.server_args for word in argument.split())


def with_flags(config: Draft, flags: Flags) -> Draft:
    """Return the configuration with the flags in it: lists grow, anything else is replaced."""
    merged = dict(config)
    for name, values in flags.items():
        ours = merged.get(name)
        if isinstance(ours, list):
            merged[name] = [*ours, *(value for value in values if value not in ours)]
        else:
            merged[name] = list(values) if len(values) > 1 else values[0]
    return merged


def cluster_domain(spec: Spec) -> str:
    """Return the DNS domain of the virtual cluster."""
    return str(server_flags(spec).get("cluster-domain", [CLUSTER_DOMAIN])[-1])


def has_external_datastore(spec: Spec) -> bool:
    """Tell whether the servers keep their objects outside, so that they need not know each other."""
    variables = {variable.get("name") for variable in spec.server_envs}
    return "datastore-endpoint" in server_flags(spec) or "K3S_DATASTORE_ENDPOINT" in variables


def argument_mistakes(cluster: Cluster) -> Iterator[Mistake]:
    """Yield what is no flag, and which flags are ours."""
    for number, argument in enumerate(cluster.spec.server_args):
        field = f"spec.serverArgs[{number}]"
        first = argument.split()[:1]
        before = cluster.spec.server_args[number - 1].split()[-1:] if number else []
        if not first or not (first[0].startswith("-") or _wants_value(before)):
            yield Mistake(field, f"{argument!r} is no flag; write it like --secrets-encryption or --v=2")
        for name, values in _flags(argument.split()).items():
            yield from _not_theirs(field, name, values)


def _not_theirs(field: str, name: str, values: Sequence[str | bool]) -> Iterator[Mistake]:
    if name in _INSTEAD:
        yield Mistake(field, f"--{name} is set by us; {_advice(_INSTEAD[name])}")
    for value in values:
        argument = str(value).lstrip("-").partition("=")[0].rstrip("+-")
        if argument in _OUR_ARGUMENTS.get(name, ()):
            yield Mistake(field, f"--{name}={argument} is set by us; {_advice('')}")


def _advice(instead: str) -> str:
    return f"use {instead}" if instead else "leave it out"


def _wants_value(before: Sequence[str]) -> bool:
    return bool(before) and before[0].startswith("-") and "=" not in before[0]


def _flags(words: Iterable[str]) -> Flags:
    flags: dict[str, list[str | bool]] = {}
    open_flag = ""
    for word in words:
        if not word.startswith("-"):
            if open_flag:
                flags[open_flag][-1] = word
            open_flag = ""
            continue
        name, equals, value = word.lstrip("-").partition("=")
        name = _SHORT.get(name, name)
        flags.setdefault(name, []).append(value if equals else True)
        open_flag = "" if equals else name
    return flags
