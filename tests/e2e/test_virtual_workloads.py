"""What controllers of a virtual cluster do with pods: roll out, scale, complete, replace, drain."""

from typing import Any

import pytest

from reflectors.translation.metadata import NAMESPACE_LABEL
from tests.e2e.tenants import NODE, Tenant, container

SLEEPS = {"terminationGracePeriodSeconds": 0, "containers": [container("sleep 3600")]}
IN_PARALLEL: dict[str, Any] = {"serviceName": "", "podManagementPolicy": "Parallel"}

pytestmark = pytest.mark.usefixtures("converged")


def test_a_deployment_rolls_out_and_back(tenant: Tenant) -> None:
    tenant.virtual.apply(workload("Deployment", "web", replicas=2))
    _rolled_out(tenant, "deployment/web")
    before = _uids(tenant, "web")
    tenant.virtual("set", "env", "deployment/web", "VERSION=2")
    _rolled_out(tenant, "deployment/web")
    tenant.eventually("the old pods' end", lambda: len(tenant.host_pods()) == 2)
    assert not before & _uids(tenant, "web")
    name = tenant.virtual("get", "pods", "--selector=app=web", "-o", "name").split()[0]
    assert tenant.virtual("exec", name, "--", "sh", "-c", "echo $VERSION") == "2\n"
    tenant.virtual("rollout", "undo", "deployment/web")
    _rolled_out(tenant, "deployment/web")
    tenant.virtual("delete", "deployment", "web", "--cascade=foreground")


def test_a_statefulset_has_its_pods_under_the_same_names_again_and_they_are_new(tenant: Tenant) -> None:
    tenant.virtual.apply(workload("StatefulSet", "db", {**SLEEPS, "terminationGracePeriodSeconds": 1}, **IN_PARALLEL))
    uids = []
    for replicas in (3, 0, 3):
        tenant.virtual("scale", "statefulset/db", f"--replicas={replicas}")
        _rolled_out(tenant, "statefulset/db")
        _wait_for_names(tenant, [f"db-{number}" for number in range(replicas)])
        tenant.assert_converged()
        uids.append({each["metadata"]["uid"] for each in [*tenant.pods(), *tenant.host_pods()]})
    assert not uids[0] & uids[2]
    tenant.virtual("delete", "statefulset", "db")


def test_a_pod_that_is_replaced_at_once_does_not_take_over_its_predecessors_containers(tenant: Tenant) -> None:
    tenant.virtual.apply(workload("StatefulSet", "cache", replicas=1, **IN_PARALLEL))
    _rolled_out(tenant, "statefulset/cache")
    virtual, host = tenant.pod("cache-0"), tenant.host_pod("cache-0")
    tenant.virtual("delete", "pod", "cache-0", "--force", "--grace-period=0")
    tenant.eventually("another pod", lambda: _uids(tenant, "cache") - {virtual["metadata"]["uid"]})
    tenant.wait_ready("cache-0")
    assert tenant.host_pod("cache-0")["metadata"]["uid"] != host["metadata"]["uid"]
    assert _container_id(tenant.pod("cache-0")) != _container_id(virtual)
    tenant.virtual("delete", "statefulset", "cache")


def test_a_job_completes_although_its_first_pod_fails(tenant: Tenant) -> None:
    script = "if mkdir /shared/first 2>/dev/null; then exit 1; fi; echo done"
    shared = {"name": "shared", "mountPath": "/shared"}
    pod = {
        "restartPolicy": "OnFailure",
        "containers": [container(script, volumeMounts=[shared])],
        "volumes": [{"name": "shared", "emptyDir": {}}],
    }
    tenant.virtual.apply(
        _object("batch/v1", "Job", "sums", {"completions": 2, "parallelism": 2, "template": {"spec": pod}})
    )
    tenant.virtual.wait_for("condition=complete", "job/sums")
    assert tenant.virtual("logs", "--selector=job-name=sums") == "done\ndone\n"
    its_pods = tenant.virtual.get("pods", "--selector=job-name=sums")["items"]
    counts = [each["status"]["containerStatuses"][0]["restartCount"] for each in its_pods]
    assert counts == [1, 1]
    tenant.virtual("delete", "job", "sums")


def test_pods_that_the_host_takes_away_are_replaced(tenant: Tenant) -> None:
    tenant.virtual.apply(workload("Deployment", "web", replicas=1))
    _rolled_out(tenant, "deployment/web")
    before = _uids(tenant, "web")
    tenant.host("delete", "pods", f"-l={NAMESPACE_LABEL}={tenant.namespace}", "--force", "--grace-period=0")
    tenant.eventually("another pod", lambda: _uids(tenant, "web") - before)
    _rolled_out(tenant, "deployment/web")
    tenant.virtual("delete", "deployment", "web")


def test_a_drained_node_has_only_its_daemons_left_and_takes_pods_again_when_uncordoned(tenant: Tenant) -> None:
    tenant.virtual.apply(workload("Deployment", "web", replicas=2), workload("DaemonSet", "agent"))
    _rolled_out(tenant, "daemonset/agent")
    _rolled_out(tenant, "deployment/web")
    tenant.virtual("drain", NODE, "--ignore-daemonsets", "--force", "--timeout=60s")
    tenant.eventually("the daemon alone on the host", lambda: _apps(tenant.host_pods()) == ["agent"])
    assert [each["spec"].get("nodeName") for each in tenant.pods() if _app(each) == "web"] == [None, None]
    assert tenant.virtual.get("node", NODE)["spec"]["unschedulable"] is True
    tenant.virtual("uncordon", NODE)
    _rolled_out(tenant, "deployment/web")
    assert _apps(tenant.host_pods()) == ["agent", "web", "web"]


def workload(kind: str, name: str, pod: dict[str, Any] | None = None, **spec: object) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod or SLEEPS}
    return _object("apps/v1", kind, name, {"selector": {"matchLabels": labels}, "template": template, **spec})


def _object(version: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _rolled_out(tenant: Tenant, name: str) -> None:
    tenant.virtual("rollout", "status", name, "--timeout=90s")


def _wait_for_names(tenant: Tenant, names: list[str]) -> None:
    tenant.eventually(f"only {names}", lambda: sorted(each["metadata"]["name"] for each in tenant.pods()) == names)


def _uids(tenant: Tenant, app: str) -> set[str]:
    return {each["metadata"]["uid"] for each in tenant.pods() if _app(each) == app}


def _apps(pods: list[Any]) -> list[str]:
    return sorted(map(_app, pods))


def _app(pod: Any) -> str:
    return str(pod["metadata"].get("labels", {}).get("app"))


def _container_id(pod: Any) -> str:
    return str(pod["status"]["containerStatuses"][0]["containerID"])
