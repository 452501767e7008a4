"""The K3s servers of a virtual cluster: a StatefulSet.

No shell stands between the kubelet and K3s, so that SIGTERM reaches it; nothing runs as root in shared mode.
"""

from dataclasses import dataclass

from reflectors.translation.json_values import Draft
from vk_provider.controller.addresses import SERVER_PORT
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.containers import apart, container_security, environment, pod_security, resources
from vk_provider.controller.installation import Installation
from vk_provider.controller.names import CONFIG_HASH, RENEWAL, Names, server_labels
from vk_provider.controller.objects import made_for, without_nothing
from vk_provider.controller.server_script import preparation
from vk_provider.controller.server_volumes import addon_secrets, claim, preparing_mounts, server_mounts, volumes
from vk_provider.controller.versions import K3sVersion

CONTAINER = "k3s"
REQUESTS = {"cpu": "200m", "memory": "512Mi"}
GRACE = 30  # seconds; SQLite is closed within a few
STARTUP_PERIOD, STARTUP_FAILURES = 3, 100  # five minutes, for slow disks; each question costs a server that starts CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What was decided about the servers, beside what the Cluster says."""

    version: K3sVersion
    replicas: int
    config_hash: str  # of what of the configuration they must start anew for
    renewal: int  # how often they were to start anew for their certificates


def stateful_set(cluster: Cluster, names: Names, installation: Installation, servers: Servers) -> Draft:
    annotations = {
        CONFIG_HASH: servers.config_hash,
        RENEWAL: str(servers.renewal),
        "kubectl.kubernetes.io/default-container": CONTAINER,
    }
    spec: Draft = {
        "replicas": servers.replicas,
        "serviceName": names.headless_service,
        # All at once after an outage: several servers need each other to become ready.
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": server_labels(cluster.name)},
        "template": {
            "metadata": {"labels": server_labels(cluster.name), "annotations": annotations},
            "spec": _pod(cluster, names, installation, servers.version),
        },
    }
    if cluster.spec.persistence.type == "dynamic":
        spec["volumeClaimTemplates"] = [claim(cluster)]
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
            "affinity": spec.server_affinity or apart(server_labels(cluster.name)),
            "priorityClassName": spec.priority_class,
            "runtimeClassName": spec.runtime_class_name,
            "hostUsers": spec.host_users,
            "initContainers": [_prepare(cluster, installation, version)],
            "containers": [_server(cluster, installation, version)],
            "volumes": volumes(cluster, names),
        }
    )


def _prepare(cluster: Cluster, installation: Installation, version: K3sVersion) -> Draft:
    return {
        **_container(cluster, installation, version, "prepare"),
        "command": ["/bin/sh", "-ec", preparation(addon_secrets(cluster))],
        "env": environment(),
        "volumeMounts": preparing_mounts(),
    }


def _server(cluster: Cluster, installation: Installation, version: K3sVersion) -> Draft:
    return {
        **_container(cluster, installation, version, CONTAINER),
        "command": ["/bin/k3s", "server"],
        "env": environment(cluster.spec.server_envs),
        "ports": [{"name": "https", "containerPort": SERVER_PORT, "protocol": "TCP"}],
        "startupProbe": _probe("readyz", STARTUP_PERIOD, STARTUP_FAILURES),
        "readinessProbe": _probe("readyz", 10, 3),
        "livenessProbe": _probe("livez", 30, 6),
        "volumeMounts": server_mounts(cluster),
    }


def _container(cluster: Cluster, installation: Installation, version: K3sVersion, name: str) -> Draft:
    return without_nothing(
        {
            "name": name,
            "image": f"{installation.server_image}:{version.tag}",
            "imagePullPolicy": installation.image_pull_policy,
            "terminationMessagePolicy": "FallbackToLogsOnError",  # the last words of one that fails, for its status
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
