"""A host node that is lost: first its kubelet stops, then no packet gets in or out; and then it is back."""

import signal
from collections.abc import Iterator

import pytest

from sandbox.session import HostCluster
from tests.e2e.tenants import Tenant, condition, container
from tests.virtual_cluster import VirtualCluster

HOST_NODE = "node-0"


@pytest.fixture(scope="module")
def cluster(started: VirtualCluster) -> VirtualCluster:
    """One whose provider, and whose API server, are not on the node that is lost."""
    return started


@pytest.fixture
def lost_node(host_cluster_server: HostCluster) -> Iterator[HostCluster]:
    """The host cluster, whose node is whole again in the end, whatever the test did."""
    yield host_cluster_server
    host_cluster_server.mend_node(HOST_NODE)
    host_cluster_server.signal_daemon(HOST_NODE, "kubelet", signal.SIGCONT)


def test_pods_of_a_lost_node_are_told_as_they_are_and_go_on_when_it_is_back(
    started: VirtualCluster, tenant: Tenant, lost_node: HostCluster
) -> None:
    for name in ("stays", "goes"):
        tenant.create(name, container("sleep 3600"))
    tenant.wait_ready("stays", "goes")
    before = _of("stays", tenant)
    lost_node.signal_daemon(HOST_NODE, "kubelet", signal.SIGSTOP)
    tenant.eventually("the pod to be called not ready", lambda: _ready("stays", tenant) == "False")
    lost_node.cut_node(HOST_NODE)
    tenant.virtual("delete", "pod", "goes", "--wait=false", "--grace-period=1")
    tenant.eventually("the deletion on the host", lambda: "deletionTimestamp" in tenant.host_pod("goes")["metadata"])
    started.kill()
    started.start()
    assert tenant.pod("goes") is not None, "a pod went whose containers may still run"
    lost_node.mend_node(HOST_NODE)
    lost_node.signal_daemon(HOST_NODE, "kubelet", signal.SIGCONT)
    tenant.virtual.wait_for("delete", "pod/goes")
    tenant.wait_ready("stays")
    tenant.assert_converged()
    assert _of("stays", tenant) == before


def _of(name: str, tenant: Tenant) -> tuple[str, list[tuple[str, int]]]:
    """The host pod, its containers, and how often each was restarted."""
    pod = tenant.host_pod(name)
    statuses = pod["status"]["containerStatuses"]
    return pod["metadata"]["uid"], [(each["containerID"], each["restartCount"]) for each in statuses]


def _ready(name: str, tenant: Tenant) -> str:
    return condition(tenant.pod(name), "Ready").get("status", "")
