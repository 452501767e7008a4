"""Two providers before real containers: both answer the kubelet API, and no container notices which leads."""

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest
import yaml

from tests.e2e.tenants import Tenant, container
from tests.faulty_proxy import read_upstream
from tests.virtual_cluster import VirtualCluster, running

pytestmark = pytest.mark.usefixtures("converged")


@pytest.fixture(scope="module")
def cluster(started: VirtualCluster) -> VirtualCluster:
    """One whose provider can be killed."""
    return started


@pytest.fixture
def standby(cluster: VirtualCluster, tmp_path: Path) -> Iterator[VirtualCluster]:
    """A second provider; afterwards the first is the only one again."""
    cluster.wait_leading()
    second = VirtualCluster(cluster.host, cluster.virtual, cluster.namespace, tmp_path)
    with running(second):
        yield second
    cluster.wait_leading()


@pytest.fixture(scope="module")
def pods(tenant: Tenant) -> Tenant:
    """A tenant with a pod that nothing may happen to."""
    tenant.run("speaker", container("echo here; sleep 3600"))
    return tenant


def said(provider: VirtualCluster, folder: Path, path: str, method: str = "GET") -> str:
    """What one provider's own kubelet API answers, whichever of them the Node leads to."""
    kubeconfig = yaml.safe_load(provider.virtual.kubeconfig.read_text())
    url = f"https://{provider.host.machine}:{provider.kubelet_port}/{path}"
    request = urllib.request.Request(url, method=method)
    tls = read_upstream(kubeconfig, folder).tls
    with urllib.request.urlopen(request, context=tls, timeout=30) as answer:  # noqa: S310 - https, ours
        return bytes(answer.read()).decode()


def test_both_answer_the_kubelet_api(
    pods: Tenant, cluster: VirtualCluster, standby: VirtualCluster, tmp_path: Path
) -> None:
    for provider in (cluster, standby):
        assert said(provider, tmp_path, f"containerLogs/{pods.namespace}/speaker/app") == "here\n"
        run = f"run/{pods.namespace}/speaker/app?cmd=echo%20there"
        assert said(provider, tmp_path, run, "POST") == "there\n"


def test_when_the_leader_is_killed_no_container_notices_and_kubectl_goes_on_by_the_other(
    pods: Tenant, cluster: VirtualCluster, standby: VirtualCluster
) -> None:
    before = pods.host_pod("speaker")
    cluster.kill()
    standby.wait_leading()
    pods.create("new", container("sleep 3600"))
    pods.wait_ready("new")
    assert pods.virtual("exec", "speaker", "--", "echo", "here") == "here\n"
    assert pods.host_pod("speaker") == before
    cluster.start()
    assert pods.virtual("exec", "new", "--", "echo", "here") == "here\n"
    pods.virtual("delete", "pod", "new")


def test_a_leader_that_was_paused_beyond_its_lease_becomes_the_standby_with_its_streams(
    pods: Tenant, cluster: VirtualCluster, standby: VirtualCluster
) -> None:
    with pods.virtual.background("exec", "-i", "speaker", "--", "cat") as stream:
        assert stream.stdin is not None
        assert stream.stdout is not None
        stream.stdin.write(b"before\n")
        stream.stdin.flush()
        assert stream.stdout.readline() == b"before\n"
        os.kill(cluster.pid, SIGSTOP)
        try:
            standby.wait_leading()
        finally:
            os.kill(cluster.pid, SIGCONT)
        stream.stdin.write(b"after\n")
        stream.stdin.close()
        assert stream.stdout.readline() == b"after\n"
        assert stream.wait(30) == 0


def test_a_leader_that_ends_leaves_the_node_to_the_other(
    pods: Tenant, cluster: VirtualCluster, standby: VirtualCluster
) -> None:
    assert cluster.stop() == 0
    standby.wait_leading()
    assert pods.virtual("exec", "speaker", "--", "echo", "here") == "here\n"
    pods.virtual.wait_for("condition=Ready", "node/virtual-node")
    cluster.start()
