"""What a tenant's pods use, seen through kubectl top, an autoscaler and Prometheus.

The provider has the rights that it has by default: it asks the host's metrics API, as most hosts have one.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.session import Session
from tests.e2e.metrics_api import metrics_api
from tests.e2e.prometheus import Prometheus, jobs, let_in, prometheus
from tests.e2e.tenants import NODE, Tenant, container
from tests.made_cluster import MadeCluster

BEHAVIOR_IN_V2 = (1, 23)
# Works until somebody says that it is enough: with two tenths of a core, but on a busy machine with much less.
SPIN = "until [ -e /tmp/enough ]; do :; done; sleep 3600"
MUCH = 20  # millicores; at rest nobody takes one
LITTLE = {"requests": {"cpu": "100m", "memory": "16Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}}
AT_REST = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}


@pytest.fixture(scope="module")
def tenant(tenant: Tenant, made: MadeCluster) -> Iterator[Tenant]:
    """A tenant with a metrics-server, on a host with one; and with a pod that works and rests."""
    with metrics_api(made.host), metrics_api(made.virtual):
        spins = container(SPIN, name="spins", resources=LITTLE)
        tenant.run("busy", spins, container("sleep 3600", name="rests", resources=LITTLE))
        yield tenant


@pytest.fixture(scope="module")
def scraping(
    tenant: Tenant, sandbox_session: Session, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        let_in(tenant.virtual),
        prometheus(sandbox_session.binaries.tool("prometheus"), folder, *jobs(tenant.virtual, folder)) as started,
    ):
        yield started


def test_top_shows_what_each_container_uses(tenant: Tenant) -> None:
    def used() -> dict[str, int]:
        done = tenant.virtual.run("top", "pod", "busy", "--containers", "--no-headers")
        rows = [line.split() for line in done.stdout.decode().splitlines()]
        assert {row[0] for row in rows} <= {"busy"}
        return {row[1]: int(row[2].removesuffix("m")) for row in rows}

    tenant.eventually("what both use", lambda: used().keys() == {"spins", "rests"} and used()["spins"] > MUCH)
    assert used()["rests"] < MUCH


def test_top_shows_the_node(tenant: Tenant) -> None:
    def row() -> list[str]:
        return tenant.virtual.run("top", "node", NODE, "--no-headers").stdout.decode().split()

    tenant.eventually("the node's use", row)
    name, cpu, _, memory, _ = row()
    assert name == NODE
    assert int(cpu.removesuffix("m")) > MUCH
    assert int(memory.removesuffix("Mi")) > 0


def test_usage_is_told_of_the_tenants_pods_alone_and_by_their_labels(tenant: Tenant) -> None:
    tenant.virtual("label", "pod", "busy", "kind=spinner")
    tenant.eventually("its use", lambda: _top(tenant, "--all-namespaces"))
    assert _top(tenant, "--all-namespaces") <= set(_names(tenant.cluster.kubectl()("get", "pods", "-A", "-o", "name")))
    assert _top(tenant, "--selector=kind=spinner") == {"busy"}
    assert _top(tenant, "--selector=kind=other") == set()
    assert tenant.virtual("get", "pods.metrics.k8s.io").split()[:4] == ["NAME", "CPU", "MEMORY", "WINDOW"]


def test_prometheus_reads_under_the_tenants_names_what_its_containers_use(tenant: Tenant, scraping: Prometheus) -> None:
    busy = (tenant.namespace, "busy")
    spins, rests = (*busy, "spins"), (*busy, "rests")
    for job in ("resource", "cadvisor"):
        of_busy = f'{{job="{job}",pod="busy"}}'
        rates = scraping.wait_for(f"rate(container_cpu_usage_seconds_total{of_busy}[1m]) > {MUCH / 1000}")
        assert spins in rates
        assert rests not in rates
        memory = scraping.query(f"container_memory_working_set_bytes{of_busy} > 0")
        assert {spins, rests} <= memory.keys()
    assert scraping.query('sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{job="resource"}[1m]))')
    assert scraping.wait_for('rest_client_requests_total{job="provider"}')
    assert scraping.troubles() == []


def test_prometheus_reads_of_no_pod_that_is_not_the_tenants(tenant: Tenant, scraping: Prometheus) -> None:
    scraping.wait_for('container_memory_working_set_bytes{job="cadvisor"}')
    told = {(namespace, pod) for namespace, pod, _ in scraping.query('{pod!="",job=~"resource|cadvisor"}')}
    pods = tenant.cluster.kubectl().get("pods", "-A")["items"]
    assert told <= {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in pods}


@pytest.fixture
def autoscaled(tenant: Tenant) -> Iterator[Tenant]:
    """A tenant with one busy worker, and an autoscaler for it."""
    tenant.virtual.apply(_deployment(), _autoscaler(tenant))
    tenant.virtual("rollout", "status", "deployment/worker", "--timeout=90s")
    yield tenant
    tenant.virtual("delete", "hpa/worker", "deployment/worker", "--cascade=foreground")


def test_a_deployment_grows_while_its_pods_are_busy_and_shrinks_when_they_rest(autoscaled: Tenant) -> None:
    tenant = autoscaled
    tenant.eventually("more of them", lambda: _ready(tenant) == 2)
    for name in _workers(tenant):
        tenant.virtual("exec", name, "--", "touch", "/tmp/enough")  # noqa: S108 - the pod's own
    tenant.eventually("one of them", lambda: _ready(tenant) == 1 and len(_workers(tenant)) == 1)


def _deployment() -> dict[str, Any]:
    labels = {"app": "worker"}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container(SPIN, resources=LITTLE)]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "worker"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }


def _autoscaler(tenant: Tenant) -> dict[str, Any]:
    version = "v2" if tenant.cluster.virtual.version >= BEHAVIOR_IN_V2 else "v2beta2"
    target = {"type": "Utilization", "averageUtilization": 10}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "worker"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "worker"},
            "maxReplicas": 2,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": AT_REST},
        },
    }


def _ready(tenant: Tenant) -> int:
    return int(tenant.virtual.get("deployment", "worker")["status"].get("readyReplicas", 0))


def _workers(tenant: Tenant) -> list[str]:
    return _names(tenant.virtual("get", "pods", "-l", "app=worker", "-o", "name"))


def _names(listed: str) -> list[str]:
    """Of what `-o name` prints."""
    return [line.partition("/")[2] for line in listed.split()]


def _top(tenant: Tenant, *options: str) -> set[str]:
    """The pods in it."""
    column = 1 if "--all-namespaces" in options else 0
    done = tenant.virtual.run("top", "pod", "--no-headers", *options)
    return {line.split()[column] for line in done.stdout.decode().splitlines()}
