"""docs/reference: the kinds, field by field, and who may do what; in Markdown, written from what is installed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vk_provider.controller.rules import CLUSTER_RULES, FIXED, POLICY_FIXED, Fixed, Rule
from vk_provider.install.controller import account
from vk_provider.install.crds import cluster_crd, policy_crd
from vk_provider.install.options import Options
from vk_provider.install.roles import cluster_roles
from vk_provider.install.schema import Schema

_NOTE = "<!-- Written by `make manifests`; change vk_provider/install instead. -->\n"
_API = "https://kubernetes.io/docs/reference/kubernetes-api"
_POD = f"{_API}/workload-resources/pod-v1"
_POLICIES = f"{_API}/policy-resources"
# Kubernetes' own types, which are described there.
_KUBERNETES = {
    "affinity": f"[Affinity]({_POD}/#scheduling)",
    "environment": f"[EnvVar]({_POD}/#environment-variables)[]",
    "resources": f"[ResourceRequirements]({_POD}/#resources)",
    "pod security": f"[PodSecurityContext]({_POD}/#security-context)",
    "security": f"[SecurityContext]({_POD}/#security-context-1)",
    "quota": f"[ResourceQuotaSpec]({_POLICIES}/resource-quota-v1/#ResourceQuotaSpec)",
    "limit": f"[LimitRangeSpec]({_POLICIES}/limit-range-v1/#LimitRangeSpec)",
}
_OF_KUBERNETES = {
    **dict.fromkeys(("serverAffinity", "agentAffinity", "defaultServerAffinity", "defaultAgentAffinity"), "affinity"),
    **dict.fromkeys(("serverEnvs", "agentEnvs"), "environment"),
    **dict.fromkeys(("serverResources", "workerResources"), "resources"),
    "podSecurityContext": "pod security",
    "securityContext": "security",
    "quota": "quota",
    "limit": "limit",
}
_REFUSED = (
    "API servers that check rules in CEL (Kubernetes 1.25 and newer, with `manifests/overlays/cel` or `vkp install`) "
    "refuse this at once; elsewhere the controller does, in the same words, in the condition `Accepted`."
)
_HANDED_ON = (
    "The controller makes no roles, and has no right to enter pods: it hands on the roles of providers by their "
    "names. A provider gets `vk-provider:provider` in the namespace of its Cluster, and no right outside it unless "
    "the Cluster asks for `storageClasses` or `priorityClasses`. `vk-provider:edit` and `vk-provider:view` become "
    "part of Kubernetes' own roles `admin`, `edit` and `view`."
)


def references() -> dict[str, str]:
    """Return each document, by its path below `docs/reference/`."""
    return {
        "cluster.md": _kind(cluster_crd(rules=False), CLUSTER_RULES, FIXED),
        "policy.md": _kind(policy_crd(rules=False), (), POLICY_FIXED),
        "rights.md": _rights(),
    }


def _kind(definition: Mapping[str, Any], rules: Sequence[Rule], fixed: Sequence[Fixed]) -> str:
    (version,) = definition["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    names = definition["spec"]["names"]
    title = f"# {names['kind']}\n\n{schema['description']}"
    where = "Namespaced" if definition["spec"]["scope"] == "Namespaced" else "Without a namespace"
    about = (
        f"`{definition['spec']['group']}/{version['name']}`; {where.lower()}; short name `{names['shortNames'][0]}`."
    )
    parts = [_NOTE + title, about]
    parts += [_fields(part, schema["properties"][part]) for part in ("spec", "status")]
    return "\n\n".join([*parts, _refusals(rules, fixed)]) + "\n"


def _fields(name: str, schema: Schema) -> str:
    rows = (f"| `{path}` | {kind} | {default} | {about} |" for path, kind, default, about in _rows(schema, ""))
    table = "\n".join(["| field | type | default | |", "|---|---|---|---|", *rows])
    return f"## `{name}`\n\n{schema['description']}\n\n{table}"


def _rows(schema: Schema, path: str) -> Iterator[tuple[str, str, str, str]]:
    for name, below in schema["properties"].items():
        theirs = _OF_KUBERNETES.get(name)
        yield f"{path}{name}", _KUBERNETES[theirs] if theirs else _type(below), _default(below), _about(below)
        if not theirs:
            mark = "[]" if "items" in below else ""
            items = below.get("items", below)
            if "properties" in items:
                yield from _rows(items, f"{path}{name}{mark}.")


def _type(schema: Schema) -> str:
    if "x-kubernetes-int-or-string" in schema:
        return "quantity"
    if "items" in schema:
        return f"{_type(schema['items'])}[]"
    if "additionalProperties" in schema:
        return f"map of {_type(schema['additionalProperties'])}"
    return str(schema["type"])


def _default(schema: Schema) -> str:
    default = schema.get("default", {})
    if default == {}:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _about(schema: Schema) -> str:
    choices = f" One of {', '.join(f'`{value}`' for value in schema['enum'])}." if "enum" in schema else ""
    return f"{schema['description']}{choices}"


def _refusals(rules: Sequence[Rule], fixed: Sequence[Fixed]) -> str:
    rows = [f"| `{rule.path}` | {rule.what} |" for rule in rules]
    rows += [f"| `{field.path}` | {field.what} |" for field in fixed]
    return "\n".join(["## What is refused", "", _REFUSED, "", "| field | |", "|---|---|", *rows])


def _rights() -> str:
    roles = [_role(role) for role in [*cluster_roles(), *_own_roles()]]
    return _NOTE + "\n\n".join(["# Who may do what on the host", _HANDED_ON, *roles, _bindings()]) + "\n"


def _own_roles() -> list[dict[str, Any]]:
    return [body for body in account(Options()) if body["kind"] == "Role"]


def _role(role: Mapping[str, Any]) -> str:
    rows = [f"| {_rule_of(rule)} | {', '.join(rule['verbs'])} |" for rule in role["rules"]]
    return "\n".join([f"## {role['kind']} `{role['metadata']['name']}`", "", "| of | may |", "|---|---|", *rows])


def _rule_of(rule: Mapping[str, Any]) -> str:
    (group,) = rule["apiGroups"]
    resources = ", ".join(f"`{_named(resource, group)}`" for resource in rule["resources"])
    names = rule.get("resourceNames", ())
    return resources + (f" named {', '.join(f'`{name}`' for name in names)}" if names else "")


def _named(resource: str, group: str) -> str:
    """As `kubectl auth can-i --list` has it."""
    plural, slash, part = resource.partition("/")
    return f"{plural}.{group}{slash}{part}" if group else resource


def _bindings() -> str:
    rows = []
    for title, options in (("everywhere", Options()), ("one namespace", Options(one_namespace=True))):
        for body in account(options):
            if "roleRef" in body:
                reach = "its own namespace" if "namespace" in body["metadata"] else "everywhere"
                rows.append(f"| {title} | `{body['roleRef']['name']}` | {reach} |")
    return "\n".join(["## What the controller is given", "", "| installed | role | in |", "|---|---|---|", *rows])
