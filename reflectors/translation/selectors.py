"""Selectors over pods, kept inside one virtual cluster and the namespaces they were written for.

All pods of all virtual namespaces, and those of other clusters, lie in one host namespace: a selector copied as it is
would reach them. Promises: a translated selector matches exactly those host pods whose virtual pods the original
matches, among the virtual namespaces that it was written for, and none of anybody else. (Labels in our own domain never
reach the host: a selector that asks for one is not met there.)
"""

from collections.abc import Iterable, Mapping
from typing import Any

from reflectors.translation.context import Context
from reflectors.translation.host_names import label_value
from reflectors.translation.json_values import Draft, Json, fresh, listed, mapped
from reflectors.translation.metadata import CLUSTER_LABEL, NAMESPACE_LABEL

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def scoped(selector: Json, namespaces: Iterable[str] | None, context: Context) -> Draft:
    """Return the selector bound to this cluster and to `namespaces`; to every virtual namespace if None."""
    where = _expression(NAMESPACE_LABEL, "Exists") if namespaces is None else _among(namespaces)
    expressions = [*fresh(listed(selector, "matchExpressions")), *_within(context), where]
    return fresh(selector) | {"matchExpressions": expressions}


def scoped_labels(selector: Mapping[str, str], namespace: str, context: Context) -> dict[str, str]:
    """Return the same of a Service's selector, which knows labels only; never of an empty one."""
    return {**selector, CLUSTER_LABEL: label_value(context.cluster), NAMESPACE_LABEL: namespace}


def host_pod_affinity(affinity: Json, virtual: Json, context: Context) -> Draft:
    """Return a podAffinity or podAntiAffinity with each of its terms rewritten."""
    host = fresh(affinity)
    if REQUIRED in host:
        host[REQUIRED] = [_host_term(term, virtual, context) for term in listed(affinity, REQUIRED)]
    if PREFERRED in host:
        host[PREFERRED] = [
            fresh(weighted) | {"podAffinityTerm": _host_term(weighted["podAffinityTerm"], virtual, context)}
            for weighted in listed(affinity, PREFERRED)
        ]
    return host


def host_spread_constraint(constraint: Json, virtual: Json, context: Context) -> Draft:
    host = _without(constraint, "matchLabelKeys", "labelSelector")
    selector = constraint.get("labelSelector")
    if selector is None:  # counts no pod
        return host
    merged = _with_label_keys(selector, constraint, virtual)
    return host | {"labelSelector": scoped(merged, [virtual["metadata"]["namespace"]], context)}


def matches(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether a selector (not a null one, which matches nothing) matches an object with these labels."""
    return all(labels.get(key) == value for key, value in mapped(selector, "matchLabels").items()) and all(
        _is_met(requirement, labels) for requirement in listed(selector, "matchExpressions")
    )


def is_everything(selector: Json) -> bool:
    return not mapped(selector, "matchLabels") and not listed(selector, "matchExpressions")


def _host_term(term: Json, virtual: Json, context: Context) -> Draft:
    host = _without(term, "namespaces", "namespaceSelector", "matchLabelKeys", "mismatchLabelKeys", "labelSelector")
    selector = term.get("labelSelector")
    namespaces = _namespaces_of(term, virtual, context)
    if selector is None or namespaces == []:  # a term without a selector matches no pod
        return host
    return host | {"labelSelector": scoped(_with_label_keys(selector, term, virtual), namespaces, context)}


def _namespaces_of(term: Json, virtual: Json, context: Context) -> list[str] | None:
    """Return the virtual namespaces that a term is about; None for all that there are and will be.

    A selector of namespaces is resolved when the pod is made: a pod's affinity cannot be changed afterwards.
    """
    named, selector = listed(term, "namespaces"), term.get("namespaceSelector")
    if selector is None:
        return sorted(set(named)) or [virtual["metadata"]["namespace"]]
    if is_everything(selector):
        return None
    selected = (name for name, labels in (context.namespaces or {}).items() if matches(selector, labels))
    return sorted({*named, *selected})


def _with_label_keys(selector: Json, holder: Json, virtual: Json) -> Json:
    """Merge `matchLabelKeys` and `mismatchLabelKeys` into the selector, as API servers do that know them.

    A host that knows them would merge them again and then refuse the selector, one that does not would ignore them.
    What the virtual API server has merged already is not merged twice.
    """
    said = {requirement["key"] for requirement in listed(selector, "matchExpressions")}
    labels = mapped(virtual["metadata"], "labels")
    merged = [
        _expression(key, operator, labels[key])
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
        for key in listed(holder, field)
        if key in labels and key not in said
    ]
    return {**selector, "matchExpressions": [*listed(selector, "matchExpressions"), *merged]}


def _is_met(requirement: Json, labels: Mapping[str, str]) -> bool:
    key, operator, values = str(requirement["key"]), requirement["operator"], listed(requirement, "values")
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) is (operator == "Exists")


def _within(context: Context) -> list[Draft]:
    return [_expression(CLUSTER_LABEL, "In", label_value(context.cluster))]


def _among(namespaces: Iterable[str]) -> Draft:
    return _expression(NAMESPACE_LABEL, "In", *sorted(namespaces))


def _expression(key: str, operator: str, *values: str) -> Draft:
    return {"key": key, "operator": operator} | ({"values": list(values)} if values else {})


def _without(holder: Json, *fields: str) -> dict[str, Any]:
    return {field: fresh(value) for field, value in holder.items() if field not in fields}
