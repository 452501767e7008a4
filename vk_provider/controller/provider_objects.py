"""The provider of a virtual cluster: the daemon that is its node, what it may do on the host, and what it is told."""

from reflectors.sync_config import convert
from reflectors.translation.json_values import Draft
from vk_provider.controller.addresses import API_PORT, api_address, bracketed, dns_address
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.containers import apart, container_security, environment, pod_security, resources
from vk_provider.controller.installation import Installation
from vk_provider.controller.known import Known
from vk_provider.controller.kubeconfig import FILE
from vk_provider.controller.names import Names, labels, provider_labels
from vk_provider.controller.network_policy import walled_off
from vk_provider.controller.objects import made_for, without_nothing
from vk_provider.controller.server_args import cluster_domain
from vk_provider.controller.services import KUBELET_PORT
from vk_provider.controller.yaml_files import written

ROLE = "vk-provider:provider"  # a ClusterRole of the installation; so are those that begin with it
_CLUSTER_ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole"}
CREDENTIALS_DIR = "/etc/vk-provider"
CERTIFICATE, KEY, CLIENT_CA = "kubelet.crt", "kubelet.key", "client-ca.crt"  # keys in its Secret, beside kubeconfig
SYNC_FILE = "sync.yaml"
HEALTH_PORT = 8081
REQUESTS = {"cpu": "50m", "memory": "128Mi"}
GRACE = 30  # seconds


def service_account(cluster: Cluster, names: Names) -> Draft:
    return made_for(cluster, "v1", "ServiceAccount", names.provider, automountServiceAccountToken=False)


def role_binding(cluster: Cluster, names: Names) -> Draft:
    return made_for(
        cluster,
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        names.provider,
        roleRef={**_CLUSTER_ROLE, "name": ROLE},
        subjects=[_subject(cluster, names)],
    )


def cluster_role_bindings(cluster: Cluster, names: Names) -> list[Draft]:
    """Return the cluster-wide rights that the spec asks for; by default none."""
    config = convert(cluster.spec.sync)
    wanted = {"storage-classes": config.storage_classes.enabled, "priority-classes": config.priority_classes.enabled}
    return [_cluster_role_binding(cluster, names, purpose) for purpose, is_wanted in wanted.items() if is_wanted]


def _cluster_role_binding(cluster: Cluster, names: Names, purpose: str) -> Draft:
    """Return a binding, which has no owner: nothing in a namespace can own what is in none."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": names.cluster_wide(purpose), "labels": labels(cluster.name)},
        "roleRef": {**_CLUSTER_ROLE, "name": f"{ROLE}-{purpose}"},
        "subjects": [_subject(cluster, names)],
    }


def _subject(cluster: Cluster, names: Names) -> Draft:
    return {"kind": "ServiceAccount", "name": names.provider, "namespace": cluster.namespace}


def sync_config_map(cluster: Cluster, names: Names) -> Draft:
    """Return what says which kinds are reflected; the provider follows its changes."""
    return made_for(cluster, "v1", "ConfigMap", names.sync, data={SYNC_FILE: written(cluster.spec.sync).decode()})


def deployment(cluster: Cluster, names: Names, known: Known, installation: Installation) -> Draft:
    """Return the daemon; the addresses of the Services have to be known."""
    spec = {
        "replicas": installation.provider_replicas,
        # Of several at once one leads: a new one stands by until an old one ends, and then takes over.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "selector": {"matchLabels": provider_labels(cluster.name)},
        "template": {
            "metadata": {"labels": provider_labels(cluster.name)},
            "spec": _pod(cluster, names, known, installation),
        },
    }
    return made_for(cluster, "apps/v1", "Deployment", names.provider, spec=spec)


def _pod(cluster: Cluster, names: Names, known: Known, installation: Installation) -> Draft:
    spec = cluster.spec
    return without_nothing(
        {
            "serviceAccountName": names.provider,
            "automountServiceAccountToken": True,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": GRACE,
            "securityContext": pod_security(spec.pod_security_context),
            "imagePullSecrets": [{"name": name} for name in installation.image_pull_secrets],
            "nodeSelector": spec.node_selector,
            "affinity": spec.agent_affinity or _spread(cluster, installation),
            "priorityClassName": spec.priority_class,
            "runtimeClassName": spec.runtime_class_name,
            "hostUsers": spec.host_users,
            "containers": [_container(cluster, names, known, installation)],
            "volumes": [
                {"name": "credentials", "secret": {"secretName": names.provider}},
                {"name": "tmp", "emptyDir": {}},
            ],
        }
    )


def _spread(cluster: Cluster, installation: Installation) -> Draft:
    """Return what keeps a standby from going down with the node of the one that leads, where there are other nodes."""
    if installation.provider_replicas == 1:
        return {}
    return apart(provider_labels(cluster.name))


def _container(cluster: Cluster, names: Names, known: Known, installation: Installation) -> Draft:
    return without_nothing(
        {
            "name": "provider",
            "image": installation.provider_image,
            "imagePullPolicy": installation.image_pull_policy,
            "command": ["vkp", "provider"],
            "args": _arguments(cluster, names, known, installation),
            "env": environment(cluster.spec.agent_envs),
            "ports": [
                {"name": "kubelet", "containerPort": KUBELET_PORT, "protocol": "TCP"},
                {"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"},
            ],
            "readinessProbe": _probe("/readyz", 2, 3),
            "livenessProbe": _probe("/healthz", 20, 6),
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "securityContext": container_security(cluster.spec.security_context),
            "resources": resources(REQUESTS, cluster.spec.worker_limit, cluster.spec.worker_resources),
            "volumeMounts": [
                {"name": "credentials", "mountPath": CREDENTIALS_DIR, "readOnly": True},
                {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own
            ],
        }
    )


def _arguments(cluster: Cluster, names: Names, known: Known, installation: Installation) -> list[str]:
    settings = {
        "cluster": cluster.name,
        "host-namespace": cluster.namespace,
        "virtual-kubeconfig": f"{CREDENTIALS_DIR}/{FILE}",
        "kubelet-address": known.cluster_ip(names.provider),
        "kubelet-port": KUBELET_PORT,
        "kubelet-certificate": f"{CREDENTIALS_DIR}/{CERTIFICATE}",
        "kubelet-key": f"{CREDENTIALS_DIR}/{KEY}",
        "kubelet-client-ca": f"{CREDENTIALS_DIR}/{CLIENT_CA}",
        "api-server": f"{bracketed(api_address(cluster, known))}:{API_PORT}",
        "dns-address": dns_address(cluster, known),
        "cluster-domain": cluster_domain(cluster.spec),
        "sync-config-map": names.sync,
        "lease-identity": "$(POD_NAME)",  # a container that starts anew in its pod leads on at once
        **_confined(cluster),
        "walled-off": ",".join(walled_off(installation)),
        "health-bind": "0.0.0.0",  # noqa: S104 - for the kubelet's probes
        "health-port": HEALTH_PORT,
    }
    return [f"--{name}={value}" for name, value in settings.items()]


def _confined(cluster: Cluster) -> dict[str, str]:
    """Return what holds for all pods of the tenant as it does for the provider itself."""
    spec = cluster.spec
    selector = ",".join(f"{key}={value}" for key, value in sorted(spec.node_selector.items()))
    said = {"host-node-selector": selector, "host-priority-class": spec.priority_class}
    return {name: value for name, value in said.items() if value}


def _probe(path: str, period: int, failures: int) -> Draft:
    return {
        "httpGet": {"path": path, "port": "health"},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": 5,
    }
