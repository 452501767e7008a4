"""Manifests as users of K3k write them, who must not have to change anything."""

from typing import Any

Json = dict[str, Any]


def cluster(name: str, spec: Json) -> Json:
    return {"apiVersion": "k3k.io/v1beta1", "kind": "Cluster", "metadata": {"name": name}, "spec": spec}


def policy(name: str, spec: Json) -> Json:
    return {"apiVersion": "k3k.io/v1beta1", "kind": "VirtualClusterPolicy", "metadata": {"name": name}, "spec": spec}


NEAR = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "kubernetes.io/hostname"}
ON_DISKS = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
AFFINITY = {
    "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [ON_DISKS]}},
    "podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 10, "podAffinityTerm": NEAR}],
    },
}
FROM_SECRET = {"secretKeyRef": {"name": "database", "key": "url"}}
SOURCES = ("serverCA", "clientCA", "requestHeaderCA", "etcdServerCA", "etcdPeerCA", "serviceAccountToken")

EVERYTHING = {
    "version": "v1.33.4-k3s1",
    "mode": "shared",
    "servers": 3,
    "agents": 2,
    "clusterCIDR": "10.50.0.0/16",
    "serviceCIDR": "10.51.0.0/16",
    "clusterDNS": "10.51.0.10",
    "persistence": {"type": "dynamic", "storageClassName": "fast", "storageRequestSize": "5Gi"},
    "expose": {"nodePort": {"serverPort": 30443, "etcdPort": 30379}, "annotations": {"a": "b"}},
    "nodeSelector": {"pool": "tenants"},
    "priorityClass": "tenants",
    "tokenSecretRef": {"name": "token", "namespace": "team"},
    "tlsSANs": ["cluster.example.com", "192.0.2.7"],
    "serverArgs": ["--write-kubeconfig-mode=777", "--v 2"],
    "agentArgs": ["--node-label=a=b"],
    "serverEnvs": [{"name": "A", "value": "b"}, {"name": "C", "valueFrom": FROM_SECRET}],
    "agentEnvs": [{"name": "A", "value": "b"}],
    "addons": [{"secretNamespace": "team", "secretRef": "manifests"}],
    "serverLimit": {"cpu": "2", "memory": "2Gi"},
    "workerLimit": {"cpu": 1},
    "serverResources": {"requests": {"cpu": "500m"}, "limits": {"memory": "2Gi"}},
    "workerResources": {"requests": {"cpu": "100m"}},
    "serverAffinity": AFFINITY,
    "agentAffinity": AFFINITY,
    "mirrorHostNodes": True,
    "customCAs": {"enabled": True, "sources": {source: {"secretName": source.lower()} for source in SOURCES}},
    "sync": {
        "services": {"enabled": True, "selector": {"a": "b"}},
        "configMaps": {"enabled": True},
        "secrets": {"enabled": False},
        "ingresses": {"enabled": True, "disableTLSSecretTranslation": True},
        "persistentVolumeClaims": {"enabled": True},
        "priorityClasses": {"enabled": True},
        "storageClasses": {"enabled": True},
    },
    "secretMounts": [
        {
            "name": "registries",
            "secretName": "registries",
            "items": [{"key": "registries.yaml", "path": "registries.yaml", "mode": 256}],
            "defaultMode": 420,
            "optional": True,
            "mountPath": "/etc/rancher/k3s/registries.yaml",
            "subPath": "registries.yaml",
            "role": "all",
        }
    ],
    "podSecurityContext": {"fsGroup": 1000, "sysctls": [{"name": "net.core.somaxconn", "value": "1024"}]},
    "securityContext": {"privileged": False, "capabilities": {"drop": ["ALL"]}, "runAsUser": 1000},
    "runtimeClassName": "kata",
    "hostUsers": False,
}
EVERYTHING_OF_A_POLICY = {
    "quota": {"hard": {"cpu": "10", "pods": 50}, "scopes": ["NotTerminating"]},
    "limit": {"limits": [{"type": "Container", "default": {"cpu": "500m"}, "max": {"memory": "4Gi"}}]},
    "defaultNodeSelector": {"pool": "tenants"},
    "defaultPriorityClass": "tenants",
    "defaultServerAffinity": AFFINITY,
    "defaultAgentAffinity": AFFINITY,
    "allowedMode": "virtual",
    "disableNetworkPolicy": True,
    "podSecurityAdmissionLevel": "baseline",
    "sync": {"ingresses": {"enabled": True}},
    "runtimeClassName": "kata",
    "securityContext": {"privileged": False},
    "hostUsers": False,
}
MANIFESTS = {
    "shared, several servers": cluster(
        "shared",
        {
            "mode": "shared",
            "servers": 3,
            "agents": 3,
            "version": "v1.33.1-k3s1",
            "serverArgs": ["--write-kubeconfig-mode=777"],
            "tlsSANs": ["myserver.app"],
            "expose": {"nodePort": {}},
        },
    ),
    "virtual": cluster("virtual", {"mode": "virtual", "servers": 1, "agents": 3, "version": "v1.33.1-k3s1"}),
    "hcp": cluster("hcp", {"mode": "hcp", "tlsSANs": ["api.example.com"], "expose": {"loadBalancer": {}}}),
    "ephemeral": cluster("ephemeral", {"persistence": {"type": "ephemeral"}}),
    "ingress": cluster("ingress", {"expose": {"ingress": {"ingressClassName": "nginx", "annotations": {"a": "b"}}}}),
    "everything": cluster("everything", EVERYTHING),
    "a policy": policy("policy", {"allowedMode": "shared", "disableNetworkPolicy": True}),
    "a whole policy": policy("whole", EVERYTHING_OF_A_POLICY),
}
