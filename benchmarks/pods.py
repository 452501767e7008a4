"""Pods as a busy cluster has them: a Deployment's, running, three containers in all, about 10 KB of JSON."""

from typing import Any

import msgspec


def pod(number: int) -> dict[str, Any]:
    name = f"checkout-7c9d8b6f5d-{number:05d}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(number, name),
        "spec": _spec(number),
        "status": _status(number),
    }


def pod_json(number: int) -> bytes:
    return msgspec.json.encode(pod(number))


def list_json(count: int) -> bytes:
    """Encode a page as an API server does: items without apiVersion and kind."""
    items = [{key: value for key, value in pod(n).items() if key not in {"apiVersion", "kind"}} for n in range(count)]
    metadata = {"resourceVersion": "1234567"}
    return msgspec.json.encode({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})


def _metadata(number: int, name: str) -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/name": "checkout",
        "app.kubernetes.io/instance": "checkout-production",
        "app.kubernetes.io/part-of": "shop",
        "pod-template-hash": "7c9d8b6f5d",
        "topology.kubernetes.io/zone": f"zone-{number % 3}",
    }
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "checkout-7c9d8b6f5d",
        "uid": "5b3c4f0a-7a55-4a8c-9c53-0d3a4f2f1c11",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "name": name,
        "generateName": "checkout-7c9d8b6f5d-",
        "namespace": f"shop-{number % 20}",
        "uid": f"8f14e45f-ceea-467f-a0e6-{number:012d}",
        "resourceVersion": str(100_000 + number),
        "creationTimestamp": "2026-11-22T10:00:00Z",
        "labels": labels,
        "annotations": {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "9102",
            "checksum/config": "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
            "kubectl.kubernetes.io/restartedAt": "2026-11-21T08:15:30Z",
        },
        "ownerReferences": [owner],
        "managedFields": [_managed("kube-controller-manager", labels), _managed("kubelet", labels)],
    }


def _managed(manager: str, labels: dict[str, str]) -> dict[str, Any]:
    containers: dict[str, Any] = {
        f'k:{{"name":"{name}"}}': {
            ".": {},
            "f:env": {f'k:{{"name":"VAR_{n}"}}': {".": {}, "f:name": {}, "f:value": {}} for n in range(4)},
            "f:image": {},
            "f:imagePullPolicy": {},
            "f:resources": {"f:limits": {".": {}, "f:cpu": {}, "f:memory": {}}},
        }
        for name in ("app", "proxy")
    }
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": "2026-11-22T10:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:labels": {f"f:{label}": {} for label in labels}},
            "f:spec": {"f:containers": containers},
        },
    }


def _spec(number: int) -> dict[str, Any]:
    return {
        "volumes": [
            {"name": "config", "configMap": {"name": "checkout-config", "defaultMode": 420}},
            {"name": "scratch", "emptyDir": {}},
            {"name": "token", "projected": {"sources": _projected(), "defaultMode": 420}},
        ],
        "initContainers": [_container("migrate", env=4)],
        "containers": [_container("app", env=12), _container("proxy", env=6)],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "checkout",
        "serviceAccount": "checkout",
        "nodeName": f"node-{number % 50}",
        "securityContext": {"runAsNonRoot": True, "fsGroup": 1000},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _projected() -> list[dict[str, Any]]:
    return [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]


def _container(name: str, *, env: int) -> dict[str, Any]:
    probe = {
        "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
        "initialDelaySeconds": 5,
        "timeoutSeconds": 2,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    return {
        "name": name,
        "image": f"registry.example.com/shop/{name}:v1.42.0",
        "args": ["--listen=:8080", "--log-format=json"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": f"SETTING_{n}", "value": f"value of setting number {n}"} for n in range(env)],
        "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/checkout"},
            {"name": "scratch", "mountPath": "/scratch"},
            {"name": "token", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
        ],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }


def _status(number: int) -> dict[str, Any]:
    conditions = [
        {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": "2026-11-22T10:00:05Z"}
        for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return {
        "phase": "Running",
        "conditions": conditions,
        "hostIP": "192.0.2.10",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": "2026-11-22T10:00:00Z",
        "initContainerStatuses": [_container_status("migrate")],
        "containerStatuses": [_container_status("app"), _container_status("proxy")],
        "qosClass": "Burstable",
    }


def _container_status(name: str) -> dict[str, Any]:
    digest = "3f53bb6035c15e6d1d8a1f2a2f0d8a3b5b1e6c7d8e9f0a1b2c3d4e5f60718293"
    return {
        "name": name,
        "state": {"running": {"startedAt": "2026-11-22T10:00:03Z"}},
        "lastState": {},
        "ready": True,
        "restartCount": 0,
        "image": f"registry.example.com/shop/{name}:v1.42.0",
        "imageID": f"registry.example.com/shop/{name}@sha256:{digest}",
        "containerID": f"containerd://{digest}",
        "started": True,
    }
