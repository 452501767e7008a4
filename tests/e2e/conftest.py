"""Tests are about a virtual cluster that the controller made, unless they start a provider themselves.

Its tests leave both sides in agreement.
"""

from collections.abc import Iterator

import pytest

from sandbox.session import ApiServer, HostCluster
from tests.e2e.tenants import NODE, Tenant
from tests.made_cluster import MadeCluster, install, made_cluster
from tests.virtual_cluster import VirtualCluster, virtual_cluster

# Autoscalers look every 15 seconds by themselves.
PROMPT_AUTOSCALERS = "--kube-controller-manager-arg=horizontal-pod-autoscaler-sync-period=1s"


@pytest.fixture(scope="session")
def controlled(host_cluster_server: HostCluster) -> HostCluster:
    """The host cluster with a controller in it."""
    install(host_cluster_server)
    return host_cluster_server


@pytest.fixture(scope="session")
def made(controlled: HostCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeCluster]:
    """A virtual cluster for the whole run, whose control plane is a pod, as is its provider."""
    folder = tmp_path_factory.mktemp("made-cluster")
    with made_cluster(controlled, folder, name=NODE, serverArgs=[PROMPT_AUTOSCALERS]) as started:
        started.kubectl("kube-system")(
            "rollout", "status", "deployment/coredns", "--timeout=90s"
        )  # names are asked for
        yield started


@pytest.fixture(scope="module")
def started(
    host_cluster_server: ApiServer, virtual_api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VirtualCluster]:
    """A virtual cluster whose provider is a process that tests may kill."""
    folder = tmp_path_factory.mktemp("virtual-cluster")
    with virtual_cluster(host_cluster_server, virtual_api_server, folder) as started:
        yield started
    started.kubectl()("delete", "node", NODE)


@pytest.fixture(scope="module")
def cluster(made: MadeCluster) -> MadeCluster | VirtualCluster:
    return made


@pytest.fixture(scope="module")
def tenant(cluster: MadeCluster | VirtualCluster) -> Iterator[Tenant]:
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
