"""Two virtual clusters in one host namespace, in which everything has the same name: nobody sees the other's."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sandbox.session import ApiServer, HostCluster, Session
from tests.e2e.applications import CURL, apply, delete, rolled_out, run_in
from tests.e2e.prometheus import jobs, let_in, prometheus
from tests.e2e.tenants import NODE, Tenant
from tests.virtual_cluster import VirtualCluster, resolving, running

CLUSTERS = ("left", "right")
NAMESPACE = "twins"
PLACES = ("$WEB_SERVICE_HOST", "web", f"web.{NAMESPACE}.svc.cluster.local")
SEEN = f"cat /secret/whose /data/whose; for place in {' '.join(PLACES)}; do {CURL} http://$place/whose; done"
OWN_NAME = f"own.{NAMESPACE}.svc.cluster.local"
COPIED = ("configmaps", "persistentvolumeclaims", "pods", "secrets", "services")


@pytest.fixture(scope="module")
def twins(
    host_cluster_server: HostCluster,
    virtual_api_server: ApiServer,
    sandbox_session: Session,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Tenant]]:
    """The same application of two tenants, by the names of their clusters, which nothing in them knows."""
    other = sandbox_session.api_server("api-virtual-2", controllers=True)
    host_namespace = host_cluster_server.create_namespace("twins")
    with ExitStack() as stack:
        stack.callback(other.remove)
        stack.callback(host_cluster_server.delete_namespace, host_namespace)
        clusters = []
        for name, server in zip(CLUSTERS, (virtual_api_server, other), strict=True):
            folder = tmp_path_factory.mktemp(name)
            cluster = VirtualCluster(host_cluster_server, server, host_namespace, folder, name=name)
            stack.callback(cluster.kubectl(), "delete", "node", NODE)
            clusters.append(stack.enter_context(running(cluster)))
        stack.enter_context(resolving(*clusters))
        tenants = {cluster.name: stack.enter_context(_tenant(cluster)) for cluster in clusters}
        yield tenants


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_tenant_has_its_own_of_everything(twins: dict[str, Tenant], name: str) -> None:
    tenant = twins[name]
    rolled_out(tenant, "deployment/web")
    assert run_in(tenant, "deployment/web", SEEN) == name * 5
    assert _addresses(tenant) == {each["status"]["podIP"] for each in tenant.host_pods()}


def test_no_host_object_is_both_tenants(twins: dict[str, Tenant]) -> None:
    for resource in COPIED:
        left, right = ({each["metadata"]["uid"] for each in twin.host_objects(resource)} for twin in twins.values())
        assert left
        assert right
        assert not left & right, resource


def test_a_tenants_prometheus_reads_of_its_own_pods_what_the_hosts_kubelets_know_of_all(
    twins: dict[str, Tenant], sandbox_session: Session, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        for tenant in twins.values():
            stack.enter_context(let_in(tenant.virtual))
        scraped = [job for name, tenant in twins.items() for job in jobs(tenant.virtual, tmp_path, prefix=f"{name}-")]
        program = sandbox_session.binaries.tool("prometheus")
        started = stack.enter_context(prometheus(program, tmp_path, *scraped))
        for name, tenant in twins.items():
            used = started.wait_for(f'container_memory_working_set_bytes{{job="{name}-cadvisor",container="web"}}')
            assert {pod for _, pod, _ in used} == {each["metadata"]["name"] for each in tenant.pods()}
            told = {pod for _, pod, _ in started.query(f'{{job=~"{name}-resource|{name}-cadvisor",pod!=""}}')}
            pods = tenant.cluster.kubectl().get("pods", "-A")["items"]
            assert told <= {each["metadata"]["name"] for each in pods}
        assert started.troubles() == []


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_tenant_reads_only_of_its_own_pods_in_its_events(twins: dict[str, Tenant], name: str) -> None:
    tenant = twins[name]
    [web] = tenant.pods()
    tenant.eventually("the host's events", lambda: "Started" in tenant.events(web["metadata"]["name"]))
    events = [each["involvedObject"] for each in tenant.objects("events")]
    assert {each["uid"] for each in events if each["kind"] == "Pod"} == {web["metadata"]["uid"]}


def test_a_name_of_one_tenant_is_none_of_the_other(twins: dict[str, Tenant]) -> None:
    left, right = twins.values()
    left.virtual("create", "service", "clusterip", "own", "--tcp=80")
    left.eventually("the name", lambda: _is_known(left))
    assert not _is_known(right)


def test_what_one_tenant_deletes_the_other_keeps(twins: dict[str, Tenant]) -> None:
    left, right = twins.values()
    before = _versions(right)
    delete(left, "twins")
    left.virtual("delete", "secret/web", "service/own")
    left.eventually("nothing of it on the host", lambda: not any(map(left.host_objects, COPIED)))
    assert _versions(right) == before
    assert run_in(right, "deployment/web", f"{CURL} http://web/whose") == "right"


@contextmanager
def _tenant(cluster: VirtualCluster) -> Iterator[Tenant]:
    cluster.kubectl()("create", "namespace", NAMESPACE)
    tenant = Tenant(cluster, NAMESPACE, cluster.kubectl(NAMESPACE), cluster.host_kubectl())
    tenant.virtual("create", "secret", "generic", "web", f"--from-literal=whose={cluster.name}")
    apply(tenant, "twins")
    yield tenant
    cluster.virtual.delete_namespace(NAMESPACE)
    tenant.virtual("delete", "pods", "--all", "--force", "--grace-period=0")


def _is_known(tenant: Tenant) -> bool:
    return tenant.virtual.run("exec", "deployment/web", "--", "nslookup", OWN_NAME).returncode == 0


def _addresses(tenant: Tenant) -> set[str]:
    """Where the host's proxies lead those who ask for the tenant's Service."""
    [service] = tenant.host_objects("services")
    endpoints = tenant.host.get("endpoints", service["metadata"]["name"])
    return {each["ip"] for subset in endpoints.get("subsets", ()) for each in subset.get("addresses", ())}


def _versions(tenant: Tenant) -> dict[str, str]:
    objects = [*tenant.pods(), *(each for resource in COPIED for each in tenant.host_objects(resource))]
    return {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in objects}
