"""A virtual cluster for each module that asks for one, whose tests leave both sides in agreement."""

from collections.abc import Iterator

import pytest

from sandbox import cluster_dns
from sandbox.session import ApiServer
from tests.e2e.tenants import NODE, Tenant
from tests.kubectl import Kubectl
from tests.virtual_cluster import VirtualCluster, virtual_cluster


@pytest.fixture(scope="module")
def cluster(
    host_cluster_server: ApiServer, virtual_api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualCluster]:
    folder = tmp_path_factory.mktemp("virtual-cluster")
    with virtual_cluster(host_cluster_server, virtual_api_server, folder) as started:
        yield started
    started.kubectl()("delete", "node", NODE)


@pytest.fixture(scope="module")
def tenant(cluster: VirtualCluster) -> Iterator[Tenant]:
    namespace = cluster.virtual.create_namespace("tenant")
    started = Tenant(cluster, namespace, cluster.kubectl(namespace), cluster.host_kubectl())
    yield started
    cluster.virtual.delete_namespace(namespace)
    started.virtual("delete", "pods", "--all", "--force", "--grace-period=0")


@pytest.fixture
def converged(tenant: Tenant) -> Iterator[None]:
    """For `usefixtures`: whatever a test did, in the end both sides agree and nobody writes any more."""
    yield
    tenant.assert_converged()


@pytest.fixture(scope="module")
def dns(cluster: VirtualCluster) -> Iterator[Kubectl]:
    """The virtual cluster has a DNS of its own, run by itself; pods created from now on ask it."""
    kubectl = cluster.kubectl(cluster_dns.NAMESPACE)
    cluster.virtual.install_dns()
    kubectl.wait_for("condition=Available", f"deployment/{cluster_dns.NAME}")
    yield kubectl
    kubectl("delete", f"deployment/{cluster_dns.NAME}", f"service/{cluster_dns.NAME}", "--cascade=foreground")
