"""The controller on the host: its namespace, its account, its Deployment, and where its metrics are."""

from typing import Any

from vk_provider.controller.host_facts import CONTAINER
from vk_provider.install.options import NAME, Options
from vk_provider.install.roles import (
    API_GROUP,
    API_VERSION,
    CONTROLLER,
    CONTROLLER_CLUSTER_WIDE,
    binding,
    lease_rules,
)

Json = dict[str, Any]

USER = 65532  # of the image; nobody on any host
HEALTH_PORT = 8080
SECURITY_LEVEL = "pod-security.kubernetes.io/enforce"
LABELS = {"app.kubernetes.io/name": "vk-provider", "app.kubernetes.io/component": "controller"}


def namespace(options: Options) -> Json:
    """Return the namespace; where Clusters live in it too, their pods need not be restricted."""
    level = "baseline" if options.one_namespace else "restricted"
    labels = {SECURITY_LEVEL: level}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": options.namespace, "labels": labels}}


def account(options: Options) -> list[Json]:
    """Return the account, and what it may do."""
    here = options.namespace
    who = (here, NAME)
    lease_binding = binding(NAME, NAME, who, namespace=here)
    lease_binding["roleRef"] = {"apiGroup": API_GROUP, "kind": "Role", "name": NAME}
    leases = {"apiVersion": API_VERSION, "kind": "Role", "metadata": _metadata(options), "rules": lease_rules()}
    if options.one_namespace:
        bindings = [binding(CONTROLLER, CONTROLLER, who, namespace=here)]
    else:
        bindings = [binding(role, role, who) for role in (CONTROLLER, CONTROLLER_CLUSTER_WIDE)]
    service_account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(options)}
    return [{**service_account, "automountServiceAccountToken": False}, leases, lease_binding, *bindings]


def deployment(options: Options) -> Json:
    spec = {
        "replicas": options.replicas,
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": _pod(options)},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata(options), "spec": spec}


def metrics_service(options: Options) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**_metadata(options), "labels": LABELS},
        "spec": {
            "selector": LABELS,
            "ports": [{"name": "metrics", "port": HEALTH_PORT, "targetPort": "health", "protocol": "TCP"}],
        },
    }


def _metadata(options: Options) -> Json:
    return {"name": NAME, "namespace": options.namespace}


def _pod(options: Options) -> Json:
    elsewhere = {
        "weight": 100,
        "podAffinityTerm": {"labelSelector": {"matchLabels": LABELS}, "topologyKey": "kubernetes.io/hostname"},
    }
    pod = {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [elsewhere]}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(options)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    if options.image_pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in options.image_pull_secrets]
    return pod


def _container(options: Options) -> Json:
    container = {
        "name": CONTAINER,
        "image": options.image,
        "command": ["vkp", "controller"],
        "env": _environment(options),
        "ports": [{"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"}],
        "livenessProbe": _probe("/healthz", period=20, failures=6),
        "readinessProbe": _probe("/readyz", period=5, failures=3),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the container's own
    }
    return {**container, "imagePullPolicy": options.image_pull_policy} if options.image_pull_policy else container


def _environment(options: Options) -> list[Json]:
    """Return the controller's settings; what is said of its image goes for the providers too, which have the same."""
    values = {
        "VKP_HEALTH_BIND": "0.0.0.0",  # noqa: S104 - for the kubelet's probes
        "VKP_HEALTH_PORT": str(HEALTH_PORT),
        "VKP_IMAGE_PULL_POLICY": options.image_pull_policy,
        "VKP_IMAGE_PULL_SECRETS": ",".join(options.image_pull_secrets),
        "VKP_PROVIDER_REPLICAS": str(options.provider_replicas) if options.provider_replicas > 1 else "",
        "VKP_SERVER_IMAGE": options.server_image,
        "VKP_SERVICE_CIDR": options.service_cidr,
        "VKP_POD_CIDRS": ",".join(options.pod_cidrs),
    }
    said = [{"name": name, "value": value} for name, value in values.items() if value]
    own = {"VKP_POD": "metadata.name", "VKP_LEASE_NAMESPACE": "metadata.namespace"}
    if options.one_namespace:
        own["VKP_NAMESPACES"] = "metadata.namespace"
    return [*said, *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in own.items())]


def _probe(path: str, *, period: int, failures: int) -> Json:
    request = {"path": path, "port": "health"}
    return {"httpGet": request, "periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": 5}
