"""The text of `vkp status`, made of what both sides show, and whether all is well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vk_provider.cli.cluster_columns import part, phase, version
from vk_provider.cli.host_sights import HostSight, Json
from vk_provider.cli.host_troubles import host_troubles
from vk_provider.cli.output import age, duration, table
from vk_provider.cli.pod_lines import pod_lines
from vk_provider.cli.status.reflectors import Reflector
from vk_provider.cli.status.virtual_side import VirtualSight
from vk_provider.cli.verdicts import Done, conditions_told, verdict

LAG_SECONDS = 30.0  # longer than a reflector needs for anything but an outage
_MARKS = {True: "✓", False: "✗", None: "?"}


@dataclass(frozen=True, slots=True)
class Report:
    lines: Sequence[str]
    is_well: bool


def report(host: HostSight, virtual: VirtualSight) -> Report:
    problems = [*host_troubles(host), *_virtual_troubles(virtual)]
    sections = {
        "Conditions": [*_conditions(host.cluster)],
        "Control plane and provider": pod_lines(host.of("Pod")),
        "Nodes": _nodes(virtual.nodes),
        "Reflectors": _reflectors(virtual.reflectors),
        "Problems": problems or ["none"],
    }
    lines = [_headline(host.cluster, virtual)]
    for title, content in sections.items():
        lines += ["", title, *(f"  {line}" for line in content)]
    if host.hidden:
        lines += ["", f"Not to be seen with these rights: {', '.join(host.hidden)}"]
    return Report(lines, is_well=verdict(host.cluster) == Done() and not problems)


def _headline(cluster: Json, virtual: VirtualSight) -> str:
    metadata = cluster["metadata"]
    mode = part(cluster, "spec", "mode") or "shared"
    facts = [mode, virtual.version or version(cluster), part(cluster, "status", "endpoint")]
    told = ", ".join(str(fact) for fact in facts if fact)
    how = " (through a forwarded port)" if virtual.is_forwarded else ""
    return f"Cluster {metadata['namespace']}/{metadata['name']} is {phase(cluster)}: {told}{how}"


def _conditions(cluster: Json) -> Iterator[str]:
    for kind, holds, said in conditions_told(cluster):
        yield f"{_MARKS[holds]} {kind}" + (f": {said}" if said and not holds else "")
    if not conditions_told(cluster):
        yield "none yet"


def _nodes(nodes: Sequence[Json]) -> list[str]:
    rows = [
        [
            node["metadata"]["name"],
            "Ready" if _is_ready(node) else "not ready",
            str(part(node, "status", "nodeInfo", "kubeletVersion") or ""),
            *(str(part(node, "status", "allocatable", resource) or "") for resource in ("cpu", "memory", "pods")),
            age(part(node, "metadata", "creationTimestamp")),
        ]
        for node in nodes
    ]
    return table([["NODE", "STATE", "VERSION", "CPU", "MEMORY", "PODS", "AGE"], *rows]) if rows else ["none to be seen"]


def _reflectors(reflectors: Sequence[Reflector]) -> list[str]:
    rows = [
        [
            each.name,
            "on" if each.is_on else "off",
            str(each.waiting),
            duration(each.lag) if each.waiting else "",
            str(each.failures or ""),
        ]
        for each in reflectors
    ]
    return table([["KIND", "STATE", "WAITING", "LAG", "FAILED"], *rows]) if rows else ["none to be seen"]


def _virtual_troubles(virtual: VirtualSight) -> Iterator[str]:
    if virtual.trouble:
        yield virtual.trouble
    for node in virtual.nodes:
        if not _is_ready(node):
            yield f"Node {node['metadata']['name']} is not ready: {_why_not(node)}"
    for each in virtual.reflectors:
        if not each.is_on:
            yield f"{each.name} are not reflected: the host does not have them, or does not let the provider see them"
        elif each.lag > LAG_SECONDS:
            yield f"{each.name}: {each.waiting} are waiting, the oldest for {duration(each.lag)}"


def _is_ready(node: Json) -> bool:
    conditions = part(node, "status", "conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _why_not(node: Json) -> str:
    ready = [each for each in part(node, "status", "conditions") or [] if each["type"] == "Ready"]
    return str(ready[0].get("message") or ready[0].get("reason")) if ready else "it has said nothing yet"
