"""The K3s servers of a virtual cluster: a StatefulSet.

No shell stands between the kubelet and K3s, so that SIGTERM reaches it; nothing runs as root in shared mode.
"""

import hashlib
from collections.abc import Mapping

from reflectors.translation.json_values import Draft
from vk_provider.controller.addresses import SERVER_PORT
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.containers import container_security, pod_security, resources
from vk_provider.controller.installation import Installation
from vk_provider.controller.k3s_config import DATA_DIR
from vk_provider.controller.names import CONFIG_HASH, Names, labels, server_labels
from vk_provider.controller.objects import made_for, owner, without_nothing
from vk_provider.controller.pki import AUTHORITIES, SERVICE_KEY
from vk_provider.controller.server_script import AUTHORITIES_DIR, CONFIG_SOURCE_DIR, SCRIPT
from vk_provider.controller.versions import K3sVersion

CONTAINER = "k3s"
DATA_VOLUME = "varlibrancherk3s"
REQUESTS = {"cpu": "200m", "memory": "512Mi"}
GRACE = 30  # seconds; SQLite is closed within a few
STARTUP_PERIOD, STARTUP_FAILURES = 1, 300  # seconds; five minutes are enough on slow disks
_SCRATCH = {"rancher": "/etc/rancher", "run": "/run", "log": "/var/log", "tmp": "/tmp"}  # noqa: S108 - the pod's own


def stateful_set(
    cluster: Cluster, names: Names, installation: Installation, *, version: K3sVersion, config: Mapping[str, bytes]
) -> Draft:
    """Return the servers, which start anew when what of `config` matters to them changes."""
    spec: Draft = {
        "replicas": cluster.spec.servers,
        "serviceName": names.headless_service,
        # All at once after an outage: several servers need each other to become ready.
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": server_labels(cluster.name)},
        "template": {
            "metadata": {
                "labels": server_labels(cluster.name),
                "annotations": {CONFIG_HASH: _hash(config), "kubectl.kubernetes.io/default-container": CONTAINER},
            },
            "spec": _pod(cluster, names, installation, version),
        },
    }
    if cluster.spec.persistence.type == "dynamic":
        spec["volumeClaimTemplates"] = [_claim(cluster)]
    return made_for(cluster, "apps/v1", "StatefulSet", names.servers, spec=spec)


def _pod(cluster: Cluster, names: Names, installation: Installation, version: K3sVersion) -> Draft:
    spec = cluster.spec
    return without_nothing(
        {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": GRACE,
            "securityContext": pod_security(spec.pod_security_context),
            "imagePullSecrets": [{"name": name} for name in installation.image_pull_secrets],
            "nodeSelector": spec.node_selector,
            "affinity": spec.server_affinity or _spread(cluster),
            "priorityClassName": spec.priority_class,
            "runtimeClassName": spec.runtime_class_name,
            "hostUsers": spec.host_users,
            "initContainers": [_prepare(cluster, installation, version)],
            "containers": [_server(cluster, installation, version)],
            "volumes": _volumes(cluster, names),
        }
    )


def _prepare(cluster: Cluster, installation: Installation, version: K3sVersion) -> Draft:
    mounts = [
        {"name": "authorities", "mountPath": AUTHORITIES_DIR, "readOnly": True},
        {"name": "config", "mountPath": CONFIG_SOURCE_DIR, "readOnly": True},
    ]
    return {
        **_container(cluster, installation, version, "prepare"),
        "command": ["/bin/sh", "-ec", SCRIPT],
        "env": [_env("POD_NAME", "metadata.name")],
        "volumeMounts": [*mounts, *_writable()],
    }


def _server(cluster: Cluster, installation: Installation, version: K3sVersion) -> Draft:
    return {
        **_container(cluster, installation, version, CONTAINER),
        "command": ["/bin/k3s", "server"],
        "env": [_env("POD_NAME", "metadata.name"), _env("POD_IP", "status.podIP"), *cluster.spec.server_envs],
        "ports": [{"name": "https", "containerPort": SERVER_PORT, "protocol": "TCP"}],
        "startupProbe": _probe("readyz", STARTUP_PERIOD, STARTUP_FAILURES),
        "readinessProbe": _probe("readyz", 10, 3),
        "livenessProbe": _probe("livez", 30, 6),
        "volumeMounts": _writable(),
    }


def _container(cluster: Cluster, installation: Installation, version: K3sVersion, name: str) -> Draft:
    return without_nothing(
        {
            "name": name,
            "image": f"{installation.server_image}:{version.tag}",
            "imagePullPolicy": installation.image_pull_policy,
            "securityContext": container_security(cluster.spec.security_context),
            "resources": resources(REQUESTS, cluster.spec.server_limit, cluster.spec.server_resources),
        }
    )


def _probe(endpoint: str, period: int, failures: int) -> Draft:
    """Ask as K3s' own administrator: nobody else gets an answer, and a listening port says nothing yet."""
    command = ["/bin/k3s", "kubectl", "get", f"--raw=/{endpoint}"]
    return {
        "exec": {"command": command},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": 15,
    }


def _env(name: str, field: str) -> Draft:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": field}}}


def _writable() -> list[Draft]:
    places = {DATA_VOLUME: DATA_DIR, **_SCRATCH}
    return [{"name": name, "mountPath": path} for name, path in places.items()]


def _volumes(cluster: Cluster, names: Names) -> list[Draft]:
    volumes: list[Draft] = [
        {"name": "authorities", "secret": {"secretName": names.authorities, "items": _authority_files()}},
        {"name": "config", "secret": {"secretName": names.server_config}},
        *({"name": name, "emptyDir": {}} for name in _SCRATCH),
    ]
    if cluster.spec.persistence.type != "dynamic":
        volumes.append({"name": DATA_VOLUME, "emptyDir": {}})
    return volumes


def _authority_files() -> list[Draft]:
    """Return which file of the authorities' Secret lies where in K3s' folder."""
    keys = [f"{name}.{end}" for name in AUTHORITIES for end in ("crt", "key")]
    return [{"key": key, "path": key.replace("etcd-", "etcd/", 1)} for key in [*keys, SERVICE_KEY]]


def _spread(cluster: Cluster) -> Draft:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": server_labels(cluster.name)}}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def _claim(cluster: Cluster) -> Draft:
    persistence = cluster.spec.persistence
    spec: Draft = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": persistence.storage_request_size}},
    }
    if persistence.storage_class_name is not None:
        spec["storageClassName"] = persistence.storage_class_name
    metadata = {"name": DATA_VOLUME, "labels": labels(cluster.name), "ownerReferences": [owner(cluster)]}
    return {"metadata": metadata, "spec": spec}


def _hash(config: Mapping[str, bytes]) -> str:
    parts = b"".join(name.encode() + b"\0" + content + b"\0" for name, content in sorted(config.items()))
    return hashlib.sha256(parts).hexdigest()[:16]
