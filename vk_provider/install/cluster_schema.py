"""The schema of a Cluster: K3k's fields and defaults, each with its purpose."""

from vk_provider.install import core_types
from vk_provider.install.schema import (
    Schema,
    amounts,
    choice,
    labels,
    listing,
    number,
    quantity,
    record,
    switch,
    text,
    texts,
)

MODES = ("shared", "virtual", "hcp")
PHASES = ("Pending", "Provisioning", "Ready", "Failed", "Terminating", "Unknown")

# What bounds the cost of the rules: an API server refuses rules that could be too dear.
_NAME = {"maxLength": 253}
_LIST = {"maxItems": 256}


def spec() -> Schema:
    fields = {**_version(), **_network(), **_servers(), **_secrets(), **_placement(), **_workloads()}
    return record("The virtual cluster that is wanted.", dict(sorted(fields.items())), default={})


def _version() -> dict[str, Schema]:
    return {
        "version": text(
            "Version of K3s, like v1.33.4-k3s1. Without it, that of the host. A higher one upgrades the cluster, "
            "one minor version at a time; a lower one is refused.",
            maxLength=128,
        ),
        "mode": choice(
            "Where pods run: shared, on the host's nodes; virtual, on agents of the cluster's own; hcp, on machines "
            "that join it. Cannot be changed. This version supports shared only.",
            MODES,
            default="shared",
        ),
        "servers": number("How many servers. More than one keep their data in etcd.", default=1),
        "agents": number("How many agents, in virtual mode.", default=0),
    }


def _network() -> dict[str, Schema]:
    return {
        "clusterCIDR": text(
            "Range of pod addresses; 10.42.0.0/16 in shared mode, 10.52.0.0/16 otherwise. Cannot be changed."
        ),
        "serviceCIDR": text(
            "Range of Service addresses; in shared mode the host's, otherwise 10.53.0.0/16. Cannot be changed."
        ),
        "clusterDNS": text("Address of the DNS Service, within serviceCIDR. Cannot be changed."),
        "tlsSANs": listing(
            "Further names and addresses in the certificate of the API server.", {"type": "string", **_NAME}, **_LIST
        ),
        "expose": _expose(),
    }


def _expose() -> Schema:
    ingress = record(
        "Through an Ingress, which must pass TLS through. Its hosts are the names among tlsSANs.",
        {
            "annotations": labels("Annotations of the Ingress."),
            "ingressClassName": text("Which Ingress controller; without it, the host's default.", **_NAME),
        },
    )
    load_balancer = record(
        "Through a load balancer.",
        {
            "serverPort": number("Port of the API; 443 without it."),
            "etcdPort": number("Port of etcd, which is not exposed without it."),
        },
    )
    node_port = record(
        "Through a port of each host node.",
        {
            "serverPort": number("Port of the API; without it the host chooses one."),
            "etcdPort": number("Port of etcd, which is not exposed without it."),
        },
    )
    return record(
        "How the API is reached from outside the host cluster: by one of ingress, loadBalancer and nodePort. "
        "Without it, only from inside.",
        {
            "annotations": labels("Annotations of the Service."),
            "ingress": ingress,
            "loadBalancer": load_balancer,
            "nodePort": node_port,
        },
    )


def _servers() -> dict[str, Schema]:
    persistence = record(
        "Where the servers keep their data. Cannot be changed.",
        {
            "type": text("dynamic, a claim for each server; or ephemeral, lost with the pod.", default="dynamic"),
            "storageClassName": text("Class of the claims; without it, the host's default.", **_NAME),
            "storageRequestSize": quantity("Size of each claim.", default="2G"),
        },
        default={},
    )
    return {
        "persistence": persistence,
        "serverArgs": texts("Further flags of the servers, like --flag=value."),
        "agentArgs": texts("Further flags of the agents, in virtual mode."),
        "serverEnvs": core_types.environment("Further variables of the servers."),
        "agentEnvs": core_types.environment("Further variables of the agents, in virtual mode."),
        "serverLimit": amounts("Limits of a server's container; serverResources comes first."),
        "workerLimit": amounts("Limits of an agent's container; workerResources comes first."),
        "serverResources": core_types.resources("Resources of a server's pod as a whole."),
        "workerResources": core_types.resources("Resources of an agent's pod as a whole."),
        "podSecurityContext": core_types.pod_security_context("Security context of servers' and agents' pods."),
        "securityContext": core_types.security_context("Security context of their containers."),
        "runtimeClassName": text("RuntimeClass of their pods.", **_NAME),
        "hostUsers": switch("Whether their pods share the node's user namespace."),
    }


def _secrets() -> dict[str, Schema]:
    addon = record(
        "A Secret whose keys are manifests.",
        {
            "secretNamespace": text("The Cluster's own namespace, or nothing."),
            "secretRef": text("Name of the Secret.", **_NAME),
        },
    )
    token = record(
        "Secret with the token (key token) that servers and agents join with. Without it, one is made.",
        {"name": text("Name of the Secret.", **_NAME), "namespace": text("The Cluster's own namespace, or nothing.")},
        **{"x-kubernetes-map-type": "atomic"},
    )
    return {
        "tokenSecretRef": token,
        "addons": listing("Manifests that are applied when the cluster starts.", addon, **_LIST),
        "customCAs": _custom_cas(),
        "secretMounts": listing("Secrets of the Cluster's namespace, as files.", _secret_mount(), **_LIST),
    }


def _custom_cas() -> Schema:
    sources = {
        "serverCA": "Signs certificates of servers.",
        "clientCA": "Signs certificates of clients.",
        "requestHeaderCA": "Signs the certificate with which the API server shows itself to its extensions.",
        "etcdServerCA": "Signs certificates of etcd and its clients.",
        "etcdPeerCA": "Signs certificates that members of etcd show to each other.",
        "serviceAccountToken": "Signs tokens of ServiceAccounts; only tls.key.",
    }
    fields = {source: _credential(about) for source, about in sources.items()}
    return record(
        "Certificate authorities to use instead of new ones; they cannot be changed later.",
        {
            "enabled": switch("Whether they are used.", default=True),
            "sources": record("Secrets with the keys tls.crt and tls.key.", fields, required=sorted(fields)),
        },
        required=["enabled", "sources"],
    )


def _credential(about: str) -> Schema:
    return record(about, {"secretName": text("Name of the Secret.", **_NAME)}, required=["secretName"])


def _secret_mount() -> Schema:
    return record(
        "One Secret.",
        {
            "name": text("Name of the volume; one is made up without it.", minLength=1, maxLength=63),
            "secretName": text("Name of the Secret.", **_NAME),
            "items": core_types.key_paths("Which keys, and as which files; all without it."),
            "defaultMode": number("Permissions of the files."),
            "optional": switch("Whether the Secret may be missing."),
            "mountPath": text("Where it is mounted.", maxLength=4096),
            "subPath": text("Which of the files is mounted, instead of all."),
            "role": choice("In the pods of which role; all without it.", ("server", "agent", "all")),
        },
    )


def _placement() -> dict[str, Schema]:
    return {
        "nodeSelector": labels("Labels of the host nodes for servers, agents and, in shared mode, workloads."),
        "priorityClass": text("PriorityClass of the host for servers, agents and, in shared mode, workloads.", **_NAME),
        "serverAffinity": core_types.affinity("On which nodes and near which pods servers run."),
        "agentAffinity": core_types.affinity("On which nodes and near which pods agents and the provider run."),
        "mirrorHostNodes": switch(
            "In shared mode: a node for each host node, instead of one for all. This version does not support it.",
            default=False,
        ),
    }


def _workloads() -> dict[str, Schema]:
    return {"sync": sync("Which kinds are reflected to the host.", defaults=True)}


def sync(about: str, *, defaults: bool) -> Schema:
    """As `reflectors.sync_config` reads it. In a policy, what is not said is left to the Cluster: no defaults."""
    everything = {"all": switch("Whether also those that no pod refers to.")}
    certificates = {
        "disableTLSSecretTranslation": switch("Whether certificates are Secrets of the host namespace.", default=False)
    }
    kinds = {
        "configMaps": _kind("ConfigMaps; those that something reflected refers to.", everything, on=True),
        "secrets": _kind("Secrets; those that something reflected refers to.", everything, on=True),
        "services": _kind("Services.", on=True),
        "persistentVolumeClaims": _kind("PersistentVolumeClaims.", on=True),
        "ingresses": _kind("Ingresses.", certificates, on=False),
        "priorityClasses": _kind("PriorityClasses.", on=False),
        "storageClasses": _kind("StorageClasses, from the host.", on=False),
    }
    if defaults:
        return record(about, kinds, default={})
    return record(about, {kind: _without_defaults(schema) for kind, schema in kinds.items()})


def _kind(about: str, more: dict[str, Schema] | None = None, *, on: bool) -> Schema:
    fields = {
        "enabled": switch("Whether they are reflected.", default=on),
        "selector": labels("Only those with all of these labels."),
    }
    return record(about, {**fields, **(more or {})}, default={})


def _without_defaults(kind: Schema) -> Schema:
    said = {
        name: {key: value for key, value in field.items() if key != "default"}
        for name, field in kind["properties"].items()
    }
    return record(kind["description"], said)


def status() -> Schema:
    return record(
        "How far the virtual cluster is.",
        {
            "phase": choice("The state in one word.", PHASES, default="Unknown"),
            "observedGeneration": number("Generation of the spec that all this is about.", bits=64),
            "conditions": core_types.conditions("The state in detail, and what to do about it."),
            "endpoint": text("URL of the API server, as in the kubeconfig."),
            "version": text("Version of K3s that the servers run, or are brought to."),
            "hostVersion": text("Version of the host cluster."),
            "clusterCIDR": text("Range of pod addresses."),
            "serviceCIDR": text("Range of Service addresses."),
            "clusterDNS": text("Address of the DNS Service."),
            "tlsSANs": texts("Names and addresses in the certificate of the API server."),
            "kubeletPort": number("Port at which the provider answers the kubelet API."),
            "policyName": text("The VirtualClusterPolicy of the namespace."),
            "policy": _applied_policy(),
            "fixed": _fixed(),
        },
    )


def _fixed() -> Schema:
    persistence = {name: text(f"spec.persistence.{name}") for name in ("type", "storageClassName")}
    return record(
        "What the spec said of fields that cannot be changed, when it was first accepted.",
        {
            **{name: text(f"spec.{name}") for name in ("mode", "clusterCIDR", "serviceCIDR", "clusterDNS")},
            "persistence": record(
                "spec.persistence",
                {**persistence, "storageRequestSize": quantity("spec.persistence.storageRequestSize")},
            ),
        },
    )


def _applied_policy() -> Schema:
    return record(
        "What the VirtualClusterPolicy says about this cluster.",
        {
            "name": text("Name of the policy.", minLength=1),
            "priorityClass": text("Instead of spec.priorityClass."),
            "nodeSelector": labels("Instead of spec.nodeSelector."),
            "serverAffinity": core_types.affinity("Instead of spec.serverAffinity."),
            "agentAffinity": core_types.affinity("Instead of spec.agentAffinity."),
            "sync": sync("Instead of spec.sync, as far as it says something.", defaults=False),
            "runtimeClassName": text("Instead of spec.runtimeClassName."),
            "podSecurityContext": core_types.pod_security_context("Instead of spec.podSecurityContext."),
            "securityContext": core_types.security_context("Instead of spec.securityContext."),
            "hostUsers": switch("Instead of spec.hostUsers."),
        },
        required=["name"],
    )
