"""What must hold for a Cluster and cannot be written as a rule that every API server knows: see `rules`."""

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import msgspec

from kube.quantities import parse_quantity
from reflectors.sync_config import SyncConfigError, convert
from vk_provider.controller.cluster import Cluster, Mode
from vk_provider.controller.k3s_config import CONFIG_DIR
from vk_provider.controller.mistake import Mistake
from vk_provider.controller.rules import DNS_NAME
from vk_provider.controller.server_args import argument_mistakes
from vk_provider.controller.server_volumes import OURS

Network = IPv4Network | IPv6Network

_HOST_NAME = re.compile(DNS_NAME.replace("^", r"^([*][.])?"))
_VARIABLE = re.compile(r"[^=\x00-\x1f]+")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_OUR_VARIABLES = frozenset({"K3S_TOKEN", "K3S_TOKEN_FILE", "K3S_URL", "K3S_CONFIG_FILE", "K3S_DATA_DIR"})
_OUR_PATHS = frozenset({"/", *OURS, CONFIG_DIR, f"{CONFIG_DIR}/config.yaml"})


def mode(cluster: Cluster) -> Iterator[Mistake]:
    spec = cluster.spec
    if spec.mode != Mode.SHARED:
        yield Mistake("spec.mode", f"{spec.mode} is not supported by this version; use {Mode.SHARED}")
    if spec.mirror_host_nodes:
        yield Mistake("spec.mirrorHostNodes", "is not supported by this version; leave it out")


def networks(cluster: Cluster) -> Iterator[Mistake]:
    spec = cluster.spec
    pods, services = _networks(spec.cluster_cidr), _networks(spec.service_cidr)
    if pods is None:
        yield _no_network("spec.clusterCIDR", spec.cluster_cidr)
    if services is None:
        yield _no_network("spec.serviceCIDR", spec.service_cidr)
    for one, other in ((one, other) for one in pods or () for other in services or ()):
        if one.version == other.version and one.overlaps(other):
            yield Mistake("spec.clusterCIDR", f"{one} overlaps with serviceCIDR, which is {other}; they must not")
    yield from _dns(spec.cluster_dns, services or [])


def _networks(text: str) -> list[Network] | None:
    """One range, or one of each family; none for an empty text, and None for what is neither."""
    try:
        found = [ip_network(part) for part in text.split(",")] if text else []
    except ValueError:
        return None
    return found if len({network.version for network in found}) == len(found) else None


def _no_network(field: str, text: str) -> Mistake:
    return Mistake(field, f"{text!r} is no range of addresses; write it like 10.42.0.0/16, or one of each family")


def _dns(address: str, services: list[Network]) -> Iterator[Mistake]:
    if not address:
        return
    try:
        found = ip_address(address)
    except ValueError:
        yield Mistake("spec.clusterDNS", f"{address!r} is no IP address")
        return
    if services and not any(found in network for network in services):
        ranges = ", ".join(map(str, services))
        yield Mistake("spec.clusterDNS", f"{address} is outside serviceCIDR, which is {ranges}; take one from there")


def names(cluster: Cluster) -> Iterator[Mistake]:
    """Names in the certificate."""
    for number, name in enumerate(cluster.spec.tls_sans):
        if not _is_address(name) and not _HOST_NAME.fullmatch(name):
            yield Mistake(f"spec.tlsSANs[{number}]", f"{name!r} is neither a DNS name nor an IP address")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def node_selector(cluster: Cluster) -> Iterator[Mistake]:
    for key, value in cluster.spec.node_selector.items():
        if not _LABEL_KEY.fullmatch(key):
            yield Mistake("spec.nodeSelector", f"{key!r} is no key of a label")
        elif not _LABEL_VALUE.fullmatch(value):
            yield Mistake(f"spec.nodeSelector[{key}]", f"{value!r} is no value of a label")


def secrets(cluster: Cluster) -> Iterator[Mistake]:
    """Only Secrets of the Cluster's own namespace: whoever may write a Cluster may not read all others."""
    spec = cluster.spec
    if spec.token_secret_ref is not None:
        yield from _foreign("spec.tokenSecretRef.namespace", spec.token_secret_ref.namespace, cluster)
    for number, addon in enumerate(spec.addons):
        yield from _foreign(f"spec.addons[{number}].secretNamespace", addon.secret_namespace, cluster)


def _foreign(field: str, namespace: str, cluster: Cluster) -> Iterator[Mistake]:
    if namespace not in ("", cluster.namespace):
        yield Mistake(
            field, f"{namespace!r} is another namespace; copy the Secret to {cluster.namespace}, and leave this out"
        )


def authorities(cluster: Cluster) -> Iterator[Mistake]:
    custom = cluster.spec.custom_cas
    if custom is None or not custom.enabled:
        return
    for source, named in msgspec.to_builtins(custom.sources).items():
        if not named["secretName"]:
            yield Mistake(
                f"spec.customCAs.sources.{source}.secretName",
                "is missing; K3s needs all of its authorities, or set spec.customCAs.enabled to false",
            )


def secret_mounts(cluster: Cluster) -> Iterator[Mistake]:
    places: set[str] = set()
    for number, mount in enumerate(cluster.spec.secret_mounts):
        field = f"spec.secretMounts[{number}]"
        place = mount.mount_path.rstrip("/") or "/"
        if mount.mount_path and place in _OUR_PATHS | places:
            yield Mistake(f"{field}.mountPath", f"{mount.mount_path} is taken; choose another path")
        places.add(place)
        yield from _mounted_files(field, mount.sub_path, mount.items, mount.default_mode)


def _mounted_files(
    field: str, sub_path: str, items: list[dict[str, Any]], default_mode: int | None
) -> Iterator[Mistake]:
    modes = [(f"{field}.defaultMode", default_mode)]
    paths = [(f"{field}.subPath", sub_path)]
    for number, item in enumerate(items):
        modes.append((f"{field}.items[{number}].mode", item.get("mode")))
        paths.append((f"{field}.items[{number}].path", item.get("path", "")))
    for place, value in modes:
        if value is not None and not 0 <= value <= 0o777:
            yield Mistake(place, f"{value} is not from 0 to 511, which is 0777")
    for place, path in paths:
        if path.startswith("/") or ".." in path.split("/"):
            yield Mistake(place, f"{path!r} must be relative, without '..'")


def environment(cluster: Cluster) -> Iterator[Mistake]:
    for field, variables in (("serverEnvs", cluster.spec.server_envs), ("agentEnvs", cluster.spec.agent_envs)):
        for number, variable in enumerate(variables):
            place = f"spec.{field}[{number}]"
            name = variable.get("name", "")
            if not _VARIABLE.fullmatch(name):
                yield Mistake(f"{place}.name", f"{name!r} is no name of a variable")
            elif name in _OUR_VARIABLES:
                yield Mistake(f"{place}.name", f"{name} is set by us; use the field of the spec that is meant for it")
            if variable.get("value") and variable.get("valueFrom"):
                yield Mistake(place, "has both value and valueFrom; keep one")


def resources(cluster: Cluster) -> Iterator[Mistake]:
    spec = cluster.spec
    size = _amount(spec.persistence.storage_request_size)
    if size is None or size <= 0:
        field = "spec.persistence.storageRequestSize"
        yield Mistake(field, f"{spec.persistence.storage_request_size!r} is no size; write it like 2Gi")
    for name, limits in (("serverLimit", spec.server_limit), ("workerLimit", spec.worker_limit)):
        yield from _amounts(f"spec.{name}", limits)
    for name, whole in (("serverResources", spec.server_resources), ("workerResources", spec.worker_resources)):
        yield from _requirements(f"spec.{name}", whole or {})


def _requirements(field: str, whole: Mapping[str, Any]) -> Iterator[Mistake]:
    limits, requests = whole.get("limits") or {}, whole.get("requests") or {}
    yield from _amounts(f"{field}.limits", limits)
    yield from _amounts(f"{field}.requests", requests)
    for name in requests.keys() & limits.keys():
        least, most = _amount(requests[name]), _amount(limits[name])
        if least is not None and most is not None and least > most:
            what = f"{requests[name]} is more than the limit, which is {limits[name]}"
            yield Mistake(f"{field}.requests[{name}]", what)


def _amounts(field: str, amounts: Mapping[str, Any]) -> Iterator[Mistake]:
    for name, value in amounts.items():
        amount = _amount(value)
        if amount is None or amount < 0:
            yield Mistake(f"{field}[{name}]", f"{value!r} is no amount; write it like 500m, 2 or 1Gi")


def _amount(value: Any) -> int | None:
    try:
        return parse_quantity(str(value))
    except ValueError:
        return None


def sync(cluster: Cluster) -> Iterator[Mistake]:
    try:
        convert(cluster.spec.sync)
    except SyncConfigError as error:
        yield Mistake("spec.sync", str(error))


CHECKS: tuple[Callable[[Cluster], Iterator[Mistake]], ...] = (
    mode,
    networks,
    names,
    node_selector,
    secrets,
    authorities,
    secret_mounts,
    environment,
    argument_mistakes,
    resources,
    sync,
)
