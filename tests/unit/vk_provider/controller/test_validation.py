"""What is refused, field by field, and in which words."""

from typing import Any

import pytest

from vk_provider.controller.cluster import Cluster
from vk_provider.controller.names import LONGEST
from vk_provider.controller.validation import mistakes

CAS = ("serverCA", "clientCA", "requestHeaderCA", "etcdServerCA", "etcdPeerCA", "serviceAccountToken")
SOURCES = {source: {"secretName": source.lower()} for source in CAS}


def cluster(spec: dict[str, Any], *, name: str = "demo") -> Cluster:
    return Cluster.read({"metadata": {"name": name, "namespace": "team"}, "spec": spec})


def told(spec: dict[str, Any], *, name: str = "demo") -> list[str]:
    return [str(mistake) for mistake in mistakes(cluster(spec, name=name))]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="nothing said"),
        pytest.param({"version": ""}, id="version of the host"),
        pytest.param({"version": "v1.33.4-k3s1"}, id="version as an image tag"),
        pytest.param({"version": "v1.33.4+k3s12"}, id="version as a release"),
        pytest.param({"version": "v1.34.0-rc2-k3s1"}, id="release candidate"),
        pytest.param(
            {"expose": {"ingress": {}}, "tlsSANs": ["fd00::abcd", "localhost"]}, id="ingress with a short host"
        ),
        pytest.param({"agents": 3}, id="agents, which mean nothing in shared mode"),
        pytest.param({"clusterCIDR": "10.1.0.0/16,fd00::/56", "serviceCIDR": "10.2.0.0/16"}, id="both families"),
        pytest.param({"serviceCIDR": "10.2.0.0/16", "clusterDNS": "10.2.0.10"}, id="DNS within its range"),
        pytest.param({"persistence": {"type": "ephemeral"}}, id="ephemeral"),
        pytest.param({"persistence": {"storageRequestSize": 2000000000}}, id="size as a number"),
        pytest.param({"persistence": {"storageClassName": ""}}, id="no class"),
        pytest.param({"expose": {"nodePort": {}}}, id="any node port"),
        pytest.param({"expose": {"loadBalancer": {"serverPort": 6443, "etcdPort": -1}}}, id="etcd hidden"),
        pytest.param({"expose": {"ingress": {}}, "tlsSANs": ["10.0.0.1", "a.example"]}, id="ingress with a host"),
        pytest.param({"tlsSANs": ["*.a.example", "fd00::1", "localhost"]}, id="names and addresses"),
        pytest.param({"addons": [{"secretRef": "a", "secretNamespace": "team"}]}, id="Secret of its own namespace"),
        pytest.param({"customCAs": {"enabled": True, "sources": SOURCES}}, id="all authorities"),
        pytest.param({"customCAs": {"enabled": False, "sources": {}}}, id="authorities not used"),
        pytest.param({"secretMounts": [{"secretName": "s", "mountPath": "/etc/x"}]}, id="mount for all roles"),
        pytest.param({"serverResources": {"requests": {"cpu": "1"}, "limits": {"cpu": 2}}}, id="resources"),
        pytest.param({"sync": {"configMaps": {"all": True, "selector": {"a": "b"}}}}, id="sync"),
        pytest.param({"serverArgs": ["--write-kubeconfig-mode=777", "--v 2"]}, id="flags"),
        pytest.param(
            {"secretMounts": [{"secretName": "s", "mountPath": "/etc/rancher/k3s/registries.yaml", "subPath": "a"}]},
            id="mount beside the configuration",
        ),
        pytest.param({"nodeSelector": {"example.com/a": "b", "c": ""}}, id="node selector"),
    ],
)
def test_what_makes_sense_is_accepted(spec: dict[str, Any]) -> None:
    assert told(spec) == []


@pytest.mark.parametrize(
    ("spec", "mistake"),
    [
        pytest.param(
            {"version": "latest"},
            "spec.version: is no version of K3s; write it like v1.33.4-k3s1",
            id="version",
        ),
        pytest.param(
            {"mode": "virtual"}, "spec.mode: virtual is not supported by this version; use shared", id="mode virtual"
        ),
        pytest.param({"mode": "hcp"}, "spec.mode: hcp is not supported by this version; use shared", id="mode hcp"),
        pytest.param({"servers": 0}, "spec.servers: must be at least 1", id="no server"),
        pytest.param({"agents": -1}, "spec.agents: must be at least 0", id="negative agents"),
        pytest.param(
            {"clusterCIDR": "10.42.0.1/16"},
            "spec.clusterCIDR: '10.42.0.1/16' is no range of addresses; write it like 10.42.0.0/16, "
            "or one of each family",
            id="range with host bits",
        ),
        pytest.param(
            {"clusterCIDR": "10.0.0.0/16,10.1.0.0/16"},
            "spec.clusterCIDR: '10.0.0.0/16,10.1.0.0/16' is no range of addresses; write it like 10.42.0.0/16, "
            "or one of each family",
            id="two ranges of one family",
        ),
        pytest.param(
            {"serviceCIDR": "many"},
            "spec.serviceCIDR: 'many' is no range of addresses; write it like 10.42.0.0/16, or one of each family",
            id="no range",
        ),
        pytest.param(
            {"clusterCIDR": "10.0.0.0/8", "serviceCIDR": "10.43.0.0/16"},
            "spec.clusterCIDR: 10.0.0.0/8 overlaps with serviceCIDR, which is 10.43.0.0/16; they must not",
            id="overlapping ranges",
        ),
        pytest.param({"clusterDNS": "dns"}, "spec.clusterDNS: 'dns' is no IP address", id="no address"),
        pytest.param(
            {"clusterDNS": "10.9.0.10", "serviceCIDR": "10.43.0.0/16"},
            "spec.clusterDNS: 10.9.0.10 is outside serviceCIDR, which is 10.43.0.0/16; take one from there",
            id="DNS outside",
        ),
        pytest.param(
            {"persistence": {"type": "static"}},
            "spec.persistence.type: is not one of dynamic, ephemeral",
            id="persistence type",
        ),
        pytest.param(
            {"persistence": {"storageClassName": "Fast"}},
            "spec.persistence.storageClassName: cannot be the name of a StorageClass; use a-z, 0-9, '-' and '.'",
            id="storage class",
        ),
        pytest.param(
            {"persistence": {"storageRequestSize": "big"}},
            "spec.persistence.storageRequestSize: 'big' is no size; write it like 2Gi",
            id="no size",
        ),
        pytest.param(
            {"persistence": {"storageRequestSize": "0"}},
            "spec.persistence.storageRequestSize: '0' is no size; write it like 2Gi",
            id="size of nothing",
        ),
        pytest.param(
            {"expose": {"nodePort": {}, "loadBalancer": {}}},
            "spec.expose: names more than one of ingress, loadBalancer and nodePort; keep one",
            id="exposed twice",
        ),
        pytest.param(
            {"expose": {"ingress": {}}, "tlsSANs": ["10.0.0.1"]},
            "spec: expose.ingress takes its hosts from tlsSANs, where there is no DNS name; add one",
            id="ingress without a host",
        ),
        pytest.param(
            {"expose": {"ingress": {"ingressClassName": "a b"}}, "tlsSANs": ["a.example"]},
            "spec.expose.ingress.ingressClassName: cannot be the name of an IngressClass; use a-z, 0-9, '-' and '.'",
            id="ingress class",
        ),
        pytest.param(
            {"expose": {"loadBalancer": {"serverPort": 0}}},
            "spec.expose.loadBalancer.serverPort: is no port from 1 to 65535; leave it out for 443",
            id="hidden server port",
        ),
        pytest.param(
            {"expose": {"loadBalancer": {"etcdPort": 70000}}},
            "spec.expose.loadBalancer.etcdPort: is no port; leave it out",
            id="etcd port",
        ),
        pytest.param(
            {"expose": {"nodePort": {"serverPort": 70000}}},
            "spec.expose.nodePort.serverPort: is no port from 1 to 65535; leave it out for one that the host chooses",
            id="node port",
        ),
        pytest.param(
            {"expose": {"nodePort": {"etcdPort": 70000}}},
            "spec.expose.nodePort.etcdPort: is no port; leave it out",
            id="node port of etcd",
        ),
        pytest.param(
            {"nodeSelector": {"a b": "c"}}, "spec.nodeSelector: 'a b' is no key of a label", id="node selector's key"
        ),
        pytest.param(
            {"nodeSelector": {"a": "b c"}},
            "spec.nodeSelector[a]: 'b c' is no value of a label",
            id="node selector's value",
        ),
        pytest.param(
            {"priorityClass": "High"},
            "spec.priorityClass: cannot be the name of a PriorityClass; use a-z, 0-9, '-' and '.'",
            id="priority class",
        ),
        pytest.param(
            {"runtimeClassName": "-"},
            "spec.runtimeClassName: cannot be the name of a RuntimeClass; use a-z, 0-9, '-' and '.'",
            id="runtime class",
        ),
        pytest.param(
            {"tokenSecretRef": {}},
            "spec.tokenSecretRef: name is missing; name the Secret that has the token, or leave all out",
            id="token of no Secret",
        ),
        pytest.param(
            {"tokenSecretRef": {"name": "To_ken"}},
            "spec.tokenSecretRef.name: cannot be the name of a Secret; use a-z, 0-9, '-' and '.'",
            id="token's name",
        ),
        pytest.param(
            {"tokenSecretRef": {"name": "token", "namespace": "kube-system"}},
            "spec.tokenSecretRef.namespace: 'kube-system' is another namespace; copy the Secret to team, "
            "and leave this out",
            id="token of another namespace",
        ),
        pytest.param(
            {"tlsSANs": ["a.example", "https://a.example"]},
            "spec.tlsSANs[1]: 'https://a.example' is neither a DNS name nor an IP address",
            id="URL as a name",
        ),
        pytest.param(
            {"serverEnvs": [{"name": "A=B"}]}, "spec.serverEnvs[0].name: 'A=B' is no name of a variable", id="variable"
        ),
        pytest.param(
            {"serverEnvs": [{"name": "K3S_TOKEN", "value": "x"}]},
            "spec.serverEnvs[0].name: K3S_TOKEN is set by us; use the field of the spec that is meant for it",
            id="our variable",
        ),
        pytest.param(
            {"agentEnvs": [{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
            "spec.agentEnvs[0]: has both value and valueFrom; keep one",
            id="variable with two values",
        ),
        pytest.param(
            {"addons": [{"secretRef": "a"}, {}]},
            "spec.addons[1]: secretRef is missing; name the Secret that has the manifests",
            id="addon of no Secret",
        ),
        pytest.param(
            {"addons": [{"secretRef": "A"}]},
            "spec.addons[0].secretRef: cannot be the name of a Secret; use a-z, 0-9, '-' and '.'",
            id="addon's name",
        ),
        pytest.param(
            {"addons": [{"secretRef": "a", "secretNamespace": "other"}]},
            "spec.addons[0].secretNamespace: 'other' is another namespace; copy the Secret to team, and leave this out",
            id="addon of another namespace",
        ),
        pytest.param(
            {"serverLimit": {"cpu": "-1"}},
            "spec.serverLimit[cpu]: '-1' is no amount; write it like 500m, 2 or 1Gi",
            id="server limit",
        ),
        pytest.param(
            {"workerLimit": {"cpu": "x"}},
            "spec.workerLimit[cpu]: 'x' is no amount; write it like 500m, 2 or 1Gi",
            id="worker limit",
        ),
        pytest.param(
            {"serverResources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}},
            "spec.serverResources.requests[memory]: 2Gi is more than the limit, which is 1Gi",
            id="more than the limit",
        ),
        pytest.param(
            {"workerResources": {"limits": {"memory": "much"}}},
            "spec.workerResources.limits[memory]: 'much' is no amount; write it like 500m, 2 or 1Gi",
            id="worker resources",
        ),
        pytest.param(
            {"mirrorHostNodes": True},
            "spec.mirrorHostNodes: is not supported by this version; leave it out",
            id="mirrored nodes",
        ),
        pytest.param(
            {"customCAs": {"enabled": True, "sources": {**SOURCES, "clientCA": {"secretName": ""}}}},
            "spec.customCAs.sources.clientCA.secretName: is missing; K3s needs all of its authorities, "
            "or set spec.customCAs.enabled to false",
            id="an authority missing",
        ),
        pytest.param(
            {"customCAs": {"enabled": True, "sources": {**SOURCES, "serverCA": {"secretName": "A"}}}},
            "spec.customCAs.sources.serverCA.secretName: cannot be the name of a Secret; use a-z, 0-9, '-' and '.'",
            id="authority's name",
        ),
        pytest.param(
            {"secretMounts": [{"mountPath": "/x"}]},
            "spec.secretMounts[0]: secretName is missing; name the Secret",
            id="mount of no Secret",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "S", "mountPath": "/x"}]},
            "spec.secretMounts[0].secretName: cannot be the name of a Secret; use a-z, 0-9, '-' and '.'",
            id="mounted Secret's name",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "s"}]},
            "spec.secretMounts[0]: mountPath is missing; say where the Secret is mounted",
            id="mount nowhere",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "s", "mountPath": "x"}]},
            "spec.secretMounts[0].mountPath: must begin with /",
            id="relative mount",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "s", "mountPath": "/var/lib/rancher/k3s/"}]},
            "spec.secretMounts[0].mountPath: /var/lib/rancher/k3s/ is taken; choose another path",
            id="mount over the data",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "s", "mountPath": "/etc/rancher/k3s"}]},
            "spec.secretMounts[0].mountPath: /etc/rancher/k3s is taken; choose another path",
            id="mount over the configuration",
        ),
        pytest.param(
            {"secretMounts": [{"name": "A b", "secretName": "s", "mountPath": "/x"}]},
            "spec.secretMounts[0].name: cannot be the name of a volume; use a-z, 0-9 and '-'",
            id="mount's name",
        ),
        pytest.param(
            {"serverArgs": ["--v=2", "--token=x"]},
            "spec.serverArgs[1]: --token is set by us; use spec.tokenSecretRef",
            id="our flag",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "s", "mountPath": "/x"}, {"secretName": "t", "mountPath": "/x/"}]},
            "spec.secretMounts[1].mountPath: /x/ is taken; choose another path",
            id="two mounts at one place",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "s", "mountPath": "/x", "subPath": "../y"}]},
            "spec.secretMounts[0].subPath: '../y' must be relative, without '..'",
            id="sub path",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "s", "mountPath": "/x", "defaultMode": 512}]},
            "spec.secretMounts[0].defaultMode: 512 is not from 0 to 511, which is 0777",
            id="default mode",
        ),
        pytest.param(
            {"secretMounts": [{"secretName": "s", "mountPath": "/x", "items": [{"key": "k", "path": "/y"}]}]},
            "spec.secretMounts[0].items[0].path: '/y' must be relative, without '..'",
            id="file's path",
        ),
        pytest.param(
            {
                "secretMounts": [
                    {"secretName": "s", "mountPath": "/x", "items": [{"key": "k", "path": "y", "mode": -1}]}
                ]
            },
            "spec.secretMounts[0].items[0].mode: -1 is not from 0 to 511, which is 0777",
            id="file's mode",
        ),
        pytest.param(
            {"sync": {"pods": {"enabled": True}}},
            "spec.sync: Object contains unknown field `pods`; known are: services, configMaps, secrets, "
            "persistentVolumeClaims, ingresses, priorityClasses, storageClasses, each with enabled and selector",
            id="sync of an unknown kind",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(spec: dict[str, Any], mistake: str) -> None:
    assert told(spec) == [mistake]


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        pytest.param("system", "metadata.name: is kept for ourselves; choose another name", id="reserved"),
        pytest.param("a" * (LONGEST + 1), "metadata.name: is too long; use up to 41 characters", id="too long"),
        pytest.param(
            "a.b",
            "metadata.name: is no DNS label, and Services are named after it; use a-z, 0-9 and '-'",
            id="dotted",
        ),
    ],
)
def test_a_name_must_fit_what_is_named_after_it(name: str, mistake: str) -> None:
    assert told({}, name=name) == [mistake]


def test_the_longest_name_fits() -> None:
    assert told({}, name="a" * LONGEST) == []


def test_all_mistakes_are_told_at_once() -> None:
    assert len(told({"servers": 0, "version": "1", "clusterDNS": "x"}, name="system")) == 4
