from typing import Any

import pytest

from vk_provider.cli.doctor.examination import examine
from vk_provider.cli.doctor.facts import Facts
from vk_provider.cli.doctor.finding import Finding, Level

READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def body(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "generation": 1, **more.pop("metadata", {})}
    return {"metadata": metadata, **more}


def definition(version: str = "v1beta1", *, established: str = "True", **annotations: str) -> dict[str, Any]:
    return body(
        "clusters.k3k.io",
        metadata={"annotations": annotations},
        spec={"names": {"kind": "Cluster"}, "versions": [{"name": version, "served": True}]},
        status={"conditions": [{"type": "Established", "status": established}]},
    )


def controller(ready: int) -> dict[str, Any]:
    containers = [{"name": "controller", "image": "vk-provider:1"}]
    counts = dict.fromkeys(("replicas", "updatedReplicas"), 2) | {"availableReplicas": ready, "observedGeneration": 1}
    spec = {"replicas": 2, "template": {"spec": {"containers": containers}}}
    return body("vk-provider-controller", "vk-provider-system", spec=spec, status=counts)


def storage_class(name: str, *, default: bool = False) -> dict[str, Any]:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return body(name, metadata={"annotations": annotations})


def healthy(**changes: Any) -> Facts:
    facts: dict[str, Any] = {
        "version": "v1.31.4",
        "definitions": [definition()],
        "controllers": [controller(2)],
        "leases": [body("vk-provider-controller", spec={"holderIdentity": "a"})],
        "clusters": [body("demo", "k3k-demo", status={"phase": "Ready"})],
        "nodes": [body("node", status=READY)],
        "storage_classes": [storage_class("local", default=True)],
        "service_cidr": "10.43.0.0/16",
        "pod_cidrs": ("10.42.0.0/24",),
        "daemon_sets": [body("calico-node")],
        "dns": [body("kube-dns", spec={"clusterIP": "10.43.0.10"})],
        "namespaces": [body("k3k-demo", metadata={"labels": {"pod-security.kubernetes.io/enforce": "baseline"}})],
    }
    return Facts(**(facts | changes))


def found(facts: Facts, subject: str) -> list[Finding]:
    return [finding for finding in examine(facts) if finding.subject == subject]


def test_a_healthy_host_has_nothing_to_mend() -> None:
    findings = examine(healthy())
    assert [finding for finding in findings if finding.level is not Level.OK] == []
    assert [finding for finding in findings if finding.advice] == []


@pytest.mark.parametrize(
    ("changes", "subject", "level", "advice"),
    [
        pytest.param({"version": "v1.19.3"}, "Kubernetes", Level.BAD, "1.20 or newer", id="too old"),
        pytest.param({"version": "what?"}, "Kubernetes", Level.BAD, "1.20 or newer", id="no version"),
        pytest.param({"may_create": False}, "Rights", Level.NOTE, "name it with -n", id="no rights"),
        pytest.param({"definitions": []}, "Kinds", Level.BAD, "vkp install", id="not installed"),
        pytest.param(
            {"definitions": [definition("v1alpha1")]}, "Kinds", Level.BAD, "vkp install", id="another version"
        ),
        pytest.param(
            {"definitions": [definition(established="False")]}, "Kinds", Level.BAD, "vkp install", id="not established"
        ),
        pytest.param(
            {"definitions": [definition(**{"meta.helm.sh/release-name": "k3k"})]},
            "Kinds",
            Level.WARNING,
            "uninstall it",
            id="somebody else's",
        ),
        pytest.param({"controllers": []}, "Controller", Level.BAD, "vkp install", id="no controller"),
        pytest.param({"controllers": [controller(0)]}, "Controller", Level.BAD, "describe pods", id="none is ready"),
        pytest.param({"controllers": [controller(1)]}, "Controller", Level.WARNING, "describe pods", id="one is ready"),
        pytest.param({"leases": []}, "Controller", Level.WARNING, "read their logs", id="nobody leads"),
        pytest.param(
            {"clusters": [body("demo", "k3k-demo", status={"phase": "Failed"})]},
            "Clusters",
            Level.WARNING,
            "vkp cluster describe k3k-demo/demo",
            id="a Cluster failed",
        ),
        pytest.param({"nodes": [body("node")]}, "Nodes", Level.BAD, "describe nodes", id="no node is ready"),
        pytest.param(
            {"nodes": [body("node", spec={"unschedulable": True}, status=READY)]},
            "Nodes",
            Level.BAD,
            "describe nodes",
            id="all are cordoned",
        ),
        pytest.param({"storage_classes": []}, "StorageClass", Level.WARNING, "ephemeral", id="no StorageClass"),
        pytest.param(
            {"storage_classes": [storage_class("a")]},
            "StorageClass",
            Level.WARNING,
            "--storage-class-name a",
            id="none",
        ),
        pytest.param(
            {"storage_classes": [storage_class("a", default=True), storage_class("b", default=True)]},
            "StorageClass",
            Level.WARNING,
            "leave one default",
            id="two defaults",
        ),
        pytest.param({"service_cidr": ""}, "Service addresses", Level.WARNING, "--service-cidr", id="no Service range"),
        pytest.param({"pod_cidrs": ()}, "Pod addresses", Level.WARNING, "--pod-cidr", id="no pod range"),
        pytest.param({"daemon_sets": [body("flannel")]}, "NetworkPolicy", Level.NOTE, "Try it", id="no enforcer"),
        pytest.param({"dns": []}, "DNS", Level.NOTE, "names outside", id="no DNS"),
        pytest.param(
            {"namespaces": [body("k3k-demo")]},
            "Pod security",
            Level.NOTE,
            "kubectl label namespace k3k-demo pod-security.kubernetes.io/enforce=baseline",
            id="nothing is enforced",
        ),
        pytest.param({"version": "v1.20.2"}, "Pod security", Level.NOTE, "came with 1.23", id="no Pod Security"),
    ],
)
def test_what_is_wrong_is_told_with_how_to_mend_it(
    changes: dict[str, Any], subject: str, level: Level, advice: str
) -> None:
    findings = found(healthy(**changes), subject)
    assert [finding for finding in findings if finding.level is level and advice in finding.advice], findings


def test_what_may_not_be_seen_is_no_failure() -> None:
    unseen = dict.fromkeys(
        ("definitions", "controllers", "pods", "leases", "clusters", "nodes", "storage_classes", "daemon_sets", "dns")
    )
    findings = examine(healthy(**unseen, namespaces=None))
    assert {finding.level for finding in findings} <= {Level.OK, Level.NOTE}
