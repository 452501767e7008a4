"""The CustomResourceDefinitions of our kinds.

With `rules`, they carry the rules of `vk_provider.controller.rules` in CEL. API servers before 1.25 do not know these,
and kubectl refuses to send them there what they do not know; the controller holds the same rules, in the same words.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vk_provider.controller.resources import CLUSTERS, GROUP, POLICIES, VERSION
from vk_provider.controller.rules import CLUSTER_RULES, FIXED, POLICY_FIXED, Fixed, Rule
from vk_provider.install import cluster_schema, policy_schema
from vk_provider.install.schema import Schema

RULES_SINCE = (1, 25)
"""The version of Kubernetes whose API servers check rules in CEL."""

RULES = "x-kubernetes-validations"
_COLUMNS = (
    ("Mode", "string", ".spec.mode", 0),
    ("Status", "string", ".status.phase", 0),
    ("Servers", "integer", ".spec.servers", 0),
    ("Version", "string", ".status.version", 0),
    ("Policy", "string", ".status.policyName", 0),
    ("Endpoint", "string", ".status.endpoint", 1),
    ("Message", "string", '.status.conditions[?(@.type=="Ready")].message', 1),
    ("Age", "date", ".metadata.creationTimestamp", 0),
)
_POLICY_COLUMNS = (
    ("Mode", "string", ".spec.allowedMode", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
)


def crds(*, rules: bool) -> list[dict[str, Any]]:
    """Both definitions."""
    return [cluster_crd(rules=rules), policy_crd(rules=rules)]


def cluster_crd(*, rules: bool) -> dict[str, Any]:
    schema = _object(
        "A virtual cluster: its own API server, whose pods run on the host cluster.",
        cluster_schema.spec(),
        cluster_schema.status(),
    )
    if rules:
        _add_rules(schema, CLUSTER_RULES, FIXED)
    names = {"kind": CLUSTERS.kind, "listKind": "ClusterList", "singular": "cluster", "shortNames": ["vc"]}
    return _definition(CLUSTERS.plural, names, "Namespaced", schema, _COLUMNS)


def policy_crd(*, rules: bool) -> dict[str, Any]:
    schema = _object(
        "What holds for the virtual clusters of some namespaces. This version of the controller does not act on it.",
        policy_schema.spec(),
        policy_schema.status(),
    )
    if rules:
        _add_rules(schema, (), POLICY_FIXED)
    names = {
        "kind": POLICIES.kind,
        "listKind": "VirtualClusterPolicyList",
        "singular": "virtualclusterpolicy",
        "shortNames": ["vcp"],
    }
    return _definition(POLICIES.plural, names, "Cluster", schema, _POLICY_COLUMNS)


def _object(about: str, spec: Schema, status: Schema) -> Schema:
    return {
        "description": about,
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
    }


def _definition(
    plural: str,
    names: Mapping[str, Any],
    scope: str,
    schema: Schema,
    columns: Iterable[tuple[str, str, str, int]],
) -> dict[str, Any]:
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [_column(*column) for column in columns],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "names": {"plural": plural, **names}, "scope": scope, "versions": [version]},
    }


def _column(name: str, kind: str, path: str, priority: int) -> dict[str, Any]:
    column = {"name": name, "type": kind, "jsonPath": path}
    return {**column, "priority": priority} if priority else column


def _add_rules(schema: Schema, rules: Iterable[Rule], fixed: Iterable[Fixed]) -> None:
    for rule in rules:
        if rule.path == "metadata.name":
            _add(schema, f"{rule.path} {rule.what}", _of_name(rule.cel))
        else:
            _add(_at(schema, rule.path), rule.what, rule.cel)
    for field in fixed:
        _add(_at(schema, field.path.rpartition(".")[0]), field.what, field.cel)


def _of_name(cel: str) -> str:
    """Only names of new objects are judged: one that was there before the rule must still be deleted."""
    judged = re.sub(r"\bself\b", "self.metadata.name", cel)
    return f"has(self.status) || {judged}"


def _add(schema: Schema, what: str, cel: str) -> None:
    schema.setdefault(RULES, []).append({"rule": cel, "message": what})


def _at(schema: Schema, path: str) -> Schema:
    for step in path.replace("[]", ".[]").split("."):
        schema = schema["items"] if step == "[]" else schema["properties"][step]
    return schema
