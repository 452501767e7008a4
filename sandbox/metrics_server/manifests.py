"""What it takes to run the stand-in in a cluster, virtual or not; not part of what runs there."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kube.certificates import Subject, issue, new_authority
from sandbox.metrics_server.answers import GROUP, VERSION

NAMESPACE, NAME = "kube-system", "metrics-server"
API_SERVICE = f"{VERSION}.{GROUP}"
PORT = 4443
PROGRAM, CERTIFICATES = "/program", "/certificates"

_LABELS = {"k8s-app": NAME}
_RBAC = "rbac.authorization.k8s.io"
_MODULES = ("__init__", "__main__", "answers", "cluster", "points", "usage")

Body = dict[str, Any]


def objects(*, resolution: int) -> list[Body]:
    """Everything in the order to create it; `resolution` is the seconds between scrapes."""
    names = [f"{NAME}.{NAMESPACE}.svc"]
    authority = new_authority(NAME, now=datetime.now(UTC))
    pair = issue(authority, Subject(names[0]), usages=["server"], names=names, now=datetime.now(UTC))
    folder = Path(__file__).parent
    return [
        _made("v1", "ServiceAccount", NAME),
        *_rights(),
        _made("v1", "Secret", NAME, stringData={"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()}),
        _made("v1", "ConfigMap", NAME, data={f"{name}.py": (folder / f"{name}.py").read_text() for name in _MODULES}),
        _made("apps/v1", "Deployment", NAME, spec=_deployment(resolution)),
        _made("v1", "Service", NAME, spec={"selector": _LABELS, "ports": [{"port": 443, "targetPort": PORT}]}),
        _api_service(authority.certificate),
    ]


def _rights() -> list[Body]:
    """Those of the real one."""
    read = ["get", "list", "watch"]
    rules = [_rule(["get"], "nodes/metrics"), _rule(read, "nodes", "pods")]
    everywhere = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": f"system:{NAME}"}}
    subjects = [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}]
    return [
        {**everywhere, "kind": "ClusterRole", "rules": rules},
        {
            **everywhere,
            "kind": "ClusterRoleBinding",
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": f"system:{NAME}"},
            "subjects": subjects,
        },
        _made(
            f"{_RBAC}/v1",
            "RoleBinding",
            f"{NAME}-auth-reader",
            roleRef={"apiGroup": _RBAC, "kind": "Role", "name": "extension-apiserver-authentication-reader"},
            subjects=subjects,
        ),
    ]


def _deployment(resolution: int) -> Body:
    arguments = [f"--port={PORT}", f"--resolution={resolution}", f"--certificates={CERTIFICATES}"]
    container = {
        "name": NAME,
        "image": "sandbox.local/test:1",
        "command": ["python3", "-m", "sandbox.metrics_server", *arguments],
        "env": [{"name": "PYTHONPATH", "value": PROGRAM}],
        "ports": [{"name": "https", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "https", "scheme": "HTTPS"}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "program", "mountPath": f"{PROGRAM}/sandbox/metrics_server"},
            {"name": "certificates", "mountPath": CERTIFICATES, "readOnly": True},
        ],
    }
    pod = {
        "serviceAccountName": NAME,
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
        "volumes": [
            {"name": "program", "configMap": {"name": NAME}},
            {"name": "certificates", "secret": {"secretName": NAME}},
        ],
    }
    return {"selector": {"matchLabels": _LABELS}, "template": {"metadata": {"labels": _LABELS}, "spec": pod}}


def _api_service(authority: bytes) -> Body:
    spec = {
        "group": GROUP,
        "version": VERSION,
        "service": {"name": NAME, "namespace": NAMESPACE},
        "caBundle": base64.b64encode(authority).decode(),
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    metadata = {"name": API_SERVICE, "labels": _LABELS}
    return {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": metadata, "spec": spec}


def _made(api_version: str, kind: str, name: str, **content: Any) -> Body:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": _LABELS}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def _rule(verbs: list[str], *resources: str) -> Body:
    return {"apiGroups": [""], "resources": list(resources), "verbs": verbs}
