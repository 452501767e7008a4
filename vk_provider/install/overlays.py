"""Ways to install with kustomize: the base, which works everywhere, and what may be laid over it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import yaml

from vk_provider.controller.names import COMPONENT, CONTROL_PLANE, PROVIDER
from vk_provider.install.alerts import CLUSTER_LABEL, CONTROLLER_JOB, PROVIDER_JOB, rules
from vk_provider.install.controller import LABELS, SECURITY_LEVEL, account, deployment, namespace
from vk_provider.install.crds import RULES, cluster_crd, policy_crd
from vk_provider.install.options import NAME, Options

Json = dict[str, Any]

_KUSTOMIZATION: Json = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
_BASE = "../../base"
_MONITORING = "monitoring.coreos.com/v1"
DASHBOARD = "dashboard.json"


def overlays(options: Options) -> dict[str, list[Any]]:
    """Return the documents of each file, by its path."""
    files = ["crds/clusters.yaml", "crds/virtualclusterpolicies.yaml", "roles.yaml", "controller.yaml"]
    return {
        "kustomization.yaml": [{**_KUSTOMIZATION, "resources": ["base"]}],
        "base/kustomization.yaml": [{**_KUSTOMIZATION, "resources": ["namespace.yaml", *files]}],
        **_cel(),
        "overlays/metrics/kustomization.yaml": [_metrics(options)],
        "overlays/metrics/monitors.yaml": monitors(options),
        "overlays/metrics/alerts.yaml": [alerts(options)],
        "overlays/one-namespace/kustomization.yaml": [_one_namespace(options)],
        "overlays/one-namespace/role-binding.yaml": _bindings(replace(options, one_namespace=True)),
    }


def _cel() -> dict[str, list[Any]]:
    """Return the overlay for API servers that know CEL."""
    definitions = {"clusters.yaml": cluster_crd(rules=True), "virtualclusterpolicies.yaml": policy_crd(rules=True)}
    patches = [{"path": path, "target": _target(definition)} for path, definition in definitions.items()]
    return {
        "overlays/cel/kustomization.yaml": [{**_KUSTOMIZATION, "resources": [_BASE], "patches": patches}],
        **{f"overlays/cel/{path}": [_additions(definition)] for path, definition in definitions.items()},
    }


def _target(definition: Json) -> Json:
    return {"kind": definition["kind"], "name": definition["metadata"]["name"]}


def _additions(definition: Json) -> list[Json]:
    """Return the JSON patch that adds a definition's rules."""
    root = "/spec/versions/0/schema/openAPIV3Schema"
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return [{"op": "add", "path": f"{root}{path}/{RULES}", "value": rules} for path, rules in _rules(schema)]


def _rules(schema: Any, path: str = "") -> list[tuple[str, Sequence[Json]]]:
    """Where in a schema which rules are."""
    if not isinstance(schema, dict):
        return []
    found = [(path, schema[RULES])] if isinstance(schema.get(RULES), list) else []
    return found + [rule for key, below in schema.items() for rule in _rules(below, f"{path}/{key}")]


def monitors(options: Options) -> list[Json]:
    """What Prometheus' operator has to know, to find the metrics of the controller and of all providers."""
    of_pod = "__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", CONTROL_PLANE)
    cluster = {"sourceLabels": [of_pod], "targetLabel": CLUSTER_LABEL}
    controller = {
        "selector": {"matchLabels": LABELS},
        "endpoints": [{"port": "metrics", "relabelings": [_job(CONTROLLER_JOB)]}],
    }
    providers = {
        "namespaceSelector": {"any": True},
        "selector": {"matchLabels": {COMPONENT: PROVIDER}},
        "podMetricsEndpoints": [{"port": "health", "relabelings": [_job(PROVIDER_JOB), cluster]}],
    }
    return [
        _monitor("ServiceMonitor", NAME, controller, options),
        _monitor("PodMonitor", "vk-provider-providers", providers, options),
    ]


def alerts(options: Options) -> Json:
    return _monitor("PrometheusRule", "vk-provider", rules(), options)


def _metrics(options: Options) -> Json:
    """Return the overlay that has Prometheus and Grafana find us; Grafana's sidecar looks for that label."""
    generated = {
        "name": "vk-provider-dashboard",
        "namespace": options.namespace,
        "files": [DASHBOARD],
        "options": {"labels": {"grafana_dashboard": "1"}, "disableNameSuffixHash": True},
    }
    resources = [_BASE, "monitors.yaml", "alerts.yaml"]
    return {**_KUSTOMIZATION, "resources": resources, "configMapGenerator": [generated]}


def _job(name: str) -> Json:
    return {"targetLabel": "job", "replacement": name}


def _monitor(kind: str, name: str, spec: Json, options: Options) -> Json:
    metadata = {"name": name, "namespace": options.namespace}
    return {"apiVersion": _MONITORING, "kind": kind, "metadata": metadata, "spec": spec}


def _one_namespace(options: Options) -> Json:
    """Clusters of the controller's own namespace; which one that is may be changed in this file."""
    there = replace(options, one_namespace=True)
    kept = {_identity(each) for each in account(there)}
    gone = [each for each in account(options) if _identity(each) not in kept]
    level = namespace(there)["metadata"]["labels"][SECURITY_LEVEL]
    path = f"/metadata/labels/{SECURITY_LEVEL.replace('/', '~1')}"
    relaxed = [{"op": "replace", "path": path, "value": level}]
    return {
        **_KUSTOMIZATION,
        "namespace": options.namespace,
        "resources": [_BASE, "role-binding.yaml"],
        "patches": [
            *map(_deletion, gone),
            _patch(namespace(options), relaxed),
            _patch(deployment(options), _told_more(deployment(options), deployment(there))),
        ],
    }


def _bindings(there: Options) -> list[Json]:
    everywhere = {_identity(each) for each in account(replace(there, one_namespace=False))}
    return [each for each in account(there) if _identity(each) not in everywhere]


def _identity(body: Json) -> tuple[str, str]:
    return body["kind"], body["metadata"]["name"]


def _deletion(body: Json) -> Json:
    metadata = {"name": body["metadata"]["name"]}
    deletion = {"$patch": "delete", "apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata}
    return {"patch": yaml.safe_dump(deletion, sort_keys=False)}


def _patch(target: Json, operations: list[Json]) -> Json:
    return {"target": _target(target), "patch": yaml.safe_dump(operations, sort_keys=False)}


def _told_more(before: Json, after: Json) -> list[Json]:
    """Return what the container of a Deployment is told in addition."""
    (old,), (new,) = (body["spec"]["template"]["spec"]["containers"] for body in (before, after))
    added = [variable for variable in new["env"] if variable not in old["env"]]
    return [{"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": value} for value in added]
