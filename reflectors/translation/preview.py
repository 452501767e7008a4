"""What manifests would become on the host: for somebody who wants to see it before, or to understand it after.

What API servers add to an object (UID, defaults) is not there yet; the rules are the very ones of the reflectors.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reflectors.translation import pod_writes
from reflectors.translation.claims import KIND as CLAIM
from reflectors.translation.claims import ClaimRules, NoVolumes, is_bound
from reflectors.translation.config_objects import CONFIG_MAP, SECRET, ConfigObjects
from reflectors.translation.context import Context
from reflectors.translation.ingresses import KIND as INGRESS
from reflectors.translation.ingresses import IngressRules
from reflectors.translation.json_values import Draft, Json, fresh, mapped
from reflectors.translation.network_policies import KIND as NETWORK_POLICY
from reflectors.translation.network_policies import NetworkPolicyRules, is_about_namespaces
from reflectors.translation.pod_spec import KIND as POD
from reflectors.translation.references import references
from reflectors.translation.services import KIND as SERVICE
from reflectors.translation.services import ServiceRules
from reflectors.translation.tokens import token_secret_name, token_sources
from reflectors.translation.volumes import plain_spec
from reflectors.translation.writes import Create, HostWrite, Refuse

NO_UID = "00000000-0000-0000-0000-000000000000"

# Where in a workload the pods are described that the virtual cluster's controllers make of it.
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """One object: what it is on the host, if it is there, and what there is to say about that."""

    notes: Sequence[str]
    host: Draft | None = None
    refused: Refuse | None = None


def previews(manifests: Sequence[Json], namespace: str, context: Context) -> Iterator[Preview]:
    """Yield what becomes of each manifest; `namespace` is that of those that name none."""
    for manifest in manifests:
        template = _template(manifest)
        if template is not None:
            yield _preview(_pod_of(manifest, template), namespace, context, [_made_of(manifest)])
        else:
            yield _preview(manifest, namespace, context, [])


def _preview(manifest: Json, namespace: str, context: Context, notes: list[str]) -> Preview:
    kind, virtual = manifest["kind"], _as_served(manifest, namespace)
    metadata = virtual["metadata"]
    whose = f"{kind} {metadata['namespace']}/{metadata['name']}"
    if kind not in _RULES:
        return Preview([*notes, f"{whose}: stays in the virtual cluster"])
    write = _RULES[kind](virtual, context)
    if isinstance(write, Refuse):
        return Preview([*notes, f"{whose}: {write.reason}", write.message], refused=write)
    if not isinstance(write, Create):
        return Preview([*notes, f"{whose}: stays in the virtual cluster"])
    host = write.body
    notes = [*notes, f"{whose} -> {kind} {host['metadata']['namespace']}/{host['metadata']['name']}"]
    notes += [f"not honoured: {lost}" for lost in write.lost]
    return Preview([*notes, *_beside(virtual, context)], host)


def _beside(virtual: Json, context: Context) -> Iterator[str]:
    """Yield what else is on the host for a pod, and what is not known of a policy."""
    if virtual["kind"] == NETWORK_POLICY and is_about_namespaces(virtual):
        yield "its selectors of namespaces become lists of the namespaces they match, of which none are known here"
    if virtual["kind"] != POD:
        return
    namespace = virtual["metadata"]["namespace"]
    for reference in sorted({(each.kind, each.name) for each in references(plain_spec(virtual))}):
        kind, name = reference
        yield f"with it: {kind} {namespace}/{name} -> {kind} {context.host_name(kind, namespace, name)}"
    if token_sources(virtual):
        yield f"with it: its service account tokens -> Secret {token_secret_name(virtual['metadata'], context)}"


def _as_served(manifest: Json, namespace: str) -> Draft:
    """Return the object as far as an API server would have completed what the rules look at."""
    virtual = fresh(manifest)
    virtual["metadata"].setdefault("namespace", namespace)
    virtual["metadata"].setdefault("uid", NO_UID)
    virtual.pop("status", None)  # of a live object: it is looked at as if it were new
    return virtual


def _template(manifest: Json) -> Json | None:
    path = _TEMPLATES.get(manifest["kind"])
    if path is None:
        return None
    value: Json = manifest
    for name in path:
        value = mapped(value, name)
    return value


def _pod_of(workload: Json, template: Json) -> Draft:
    metadata = workload["metadata"]
    named: dict[str, Any] = {"name": f"{metadata['name']}-0"}
    if metadata.get("namespace"):
        named["namespace"] = metadata["namespace"]
    return {**fresh(template), "kind": POD, "metadata": {**fresh(mapped(template, "metadata")), **named}}


def _made_of(workload: Json) -> str:
    metadata = workload["metadata"]
    return f"{workload['kind']} {metadata['name']} stays in the virtual cluster, whose controllers make pods like this"


def _pod(virtual: Json, context: Context) -> HostWrite | None:
    return pod_writes.next_host_write(virtual, None, context)


def _config(virtual: Json, context: Context) -> HostWrite | None:
    return ConfigObjects(virtual["kind"], context).next_host_write(_with_data(virtual), None)


def _claim(virtual: Json, context: Context) -> HostWrite | None:
    unbound = {
        field: value for field, value in virtual["spec"].items() if field != "volumeName" or not is_bound(virtual)
    }
    return ClaimRules(context, NoVolumes()).next_host_write({**virtual, "spec": unbound}, None)


def _policy(virtual: Json, context: Context) -> HostWrite | None:
    return NetworkPolicyRules(context).next_host_write(virtual, None)


def _ingress(virtual: Json, context: Context) -> HostWrite | None:
    return IngressRules(context, lambda: False).next_host_write(virtual, None)


def _service(virtual: Json, context: Context) -> HostWrite | None:
    return ServiceRules(context).next_host_write(virtual, None)


def _with_data(virtual: Json) -> Json:
    """Return a Secret with its `stringData` where an API server puts it."""
    texts = mapped(virtual, "stringData").items()
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts}
    return {**virtual, "data": {**mapped(virtual, "data"), **data}} if data else virtual


_RULES = {
    POD: _pod,
    CONFIG_MAP: _config,
    SECRET: _config,
    CLAIM: _claim,
    NETWORK_POLICY: _policy,
    INGRESS: _ingress,
    SERVICE: _service,
}
