"""Volumes of a virtual cluster: the host binds them once a pod uses them, and they keep what was written."""

from typing import Any

from reflectors.translation.host_names import Origin, host_name
from tests.e2e.tenants import Tenant, container

MOUNT = {"name": "data", "mountPath": "/data"}
COUNTS_ITS_LIVES = "echo life >> /data/lives; echo $(wc -l < /data/lives) lives > /data/said; sleep 3600"


def test_a_statefulset_finds_its_data_again_after_it_was_scaled_to_nothing(tenant: Tenant) -> None:
    tenant.virtual.apply(stateful_set("db"))
    for lives in (1, 2):
        tenant.virtual("scale", "statefulset/db", "--replicas=1")
        tenant.virtual("rollout", "status", "statefulset/db", "--timeout=90s")
        tenant.eventually("the count", lambda: said(tenant, "db-0"))
        assert said(tenant, "db-0") == f"{lives} lives\n"
        tenant.virtual("scale", "statefulset/db", "--replicas=0")
        tenant.eventually("no pod", lambda: not tenant.pods())
    # By this a provider knows that the host waits for a pod if it may not see the host's classes.
    assert "data-db-0" in tenant.host("get", "events", "--field-selector=reason=WaitForFirstConsumer")
    claim = tenant.virtual.get("pvc", "data-db-0")
    host_claim = tenant.host.get("pvc", host_claim_name(tenant, "data-db-0"))
    assert claim["status"]["phase"] == host_claim["status"]["phase"] == "Bound"
    assert claim["status"]["capacity"] == host_claim["status"]["capacity"]
    volume = claim["spec"]["volumeName"]
    tenant.virtual("delete", "statefulset/db", "pvc/data-db-0")
    tenant.eventually("the host claim to go", lambda: not tenant.host_objects("persistentvolumeclaims"))
    tenant.eventually("the volume to go", lambda: volume not in tenant.virtual("get", "pv", "-o", "name"))


def test_a_claim_that_the_host_cannot_bind_is_pending_and_says_why(tenant: Tenant) -> None:
    body = claim("stuck") | {"spec": {**CLAIM_SPEC, "storageClassName": "no-such-class"}}
    tenant.virtual.apply(body)
    tenant.eventually("the host's reason", lambda: "no-such-class" in str(tenant.events("stuck")))
    assert tenant.virtual.get("pvc", "stuck")["status"]["phase"] == "Pending"
    tenant.virtual("delete", "pvc/stuck")


CLAIM_SPEC: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}


def said(tenant: Tenant, pod: str) -> str:
    """What the pod wrote; nothing while the host's kubelet still takes its predecessor's container for its own."""
    return tenant.virtual.run("exec", pod, "--", "cat", "/data/said").stdout.decode()


def claim(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": CLAIM_SPEC}


def stateful_set(name: str) -> dict[str, Any]:
    counter = container(COUNTS_ITS_LIVES, volumeMounts=[MOUNT])
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "replicas": 0,
            "serviceName": "",
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [counter]},
            },
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": CLAIM_SPEC}],
        },
    }


def host_claim_name(tenant: Tenant, name: str) -> str:
    cluster = tenant.cluster
    return host_name(Origin("PersistentVolumeClaim", cluster.namespace, cluster.name, tenant.namespace, name))
