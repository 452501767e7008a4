"""A virtual cluster for each module that asks for one, whose tests leave both sides in agreement."""

from collections.abc import Iterator

import pytest

from sandbox.session import ApiServer
from tests.e2e.tenants import NODE, Tenant
from tests.virtual_cluster import VirtualCluster, resolving, virtual_cluster


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
def dns(cluster: VirtualCluster) -> Iterator[None]:
    """For `usefixtures`: pods created from now on find Services by name."""
    with resolving(cluster):
        yield
