"""The provider killed and started again at bad moments: streams end, and nothing else happens to any pod."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.tenants import ENDS_IN_FIVE_SECONDS, LAST_WORDS, Tenant, container
from tests.e2e.test_virtual_workloads import workload
from tests.kubectl import first_line
from tests.virtual_cluster import VirtualCluster

MIB = 1 << 20
SPEAKS_FOR_EVER = "n=0; while :; do echo line $n; n=$((n+1)); sleep 0.1; done"

pytestmark = pytest.mark.usefixtures("converged")


@pytest.fixture(scope="module")
def cluster(started: VirtualCluster) -> VirtualCluster:
    """One whose provider can be killed."""
    return started


@pytest.fixture(scope="module")
def pods(tenant: Tenant) -> Tenant:
    """A tenant with pods that nothing may happen to."""
    tenant.create("speaker", container(SPEAKS_FOR_EVER, stdin=True))
    tenant.create("web", {"name": "web", "image": "sandbox.local/echo:1"})
    tenant.wait_ready("speaker", "web")
    return tenant


def test_a_restart_writes_nothing_and_touches_no_container(pods: Tenant, cluster: VirtualCluster) -> None:
    pods.assert_converged()
    before = (pods.pods(), pods.host_pods())
    cluster.kill()
    cluster.start()
    pods.assert_converged()
    assert (pods.pods(), pods.host_pods()) == before


def test_streams_end_with_the_provider_and_can_be_opened_again(
    pods: Tenant, tmp_path: Path, cluster: VirtualCluster
) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(32 * MIB))
    before = _containers(pods)
    streams = [
        pods.virtual.background("logs", "-f", "speaker"),
        pods.virtual.background("attach", "speaker"),
        pods.virtual.background("exec", "speaker", "--", "yes"),
        pods.virtual.background("exec", "speaker", "--", "sh", "-c", SPEAKS_FOR_EVER),
        pods.virtual.background("port-forward", "web", ":8080"),
    ]
    for stream in streams:
        first_line(stream)
    upload = pods.virtual.background("cp", str(file), "speaker:/cut")
    cluster.kill()
    for stream in (*streams, upload):
        stream.communicate(timeout=30)
    assert upload.returncode != 0
    cluster.start()
    assert pods.virtual("logs", "speaker").startswith("line 0\nline 1\n")
    assert pods.virtual("exec", "speaker", "--", "echo", "here") == "here\n"
    pods.virtual("cp", str(file), "speaker:/whole")
    checksum = pods.virtual("exec", "speaker", "--", "sha256sum", "/whole").split()[0]
    assert checksum == hashlib.sha256(file.read_bytes()).hexdigest()
    assert _containers(pods) == before


def test_a_provider_that_is_told_to_end_ends_its_streams_and_says_that_all_is_well(
    pods: Tenant, cluster: VirtualCluster
) -> None:
    following = pods.virtual.background("logs", "-f", "speaker")
    first_line(following)
    assert cluster.stop() == 0
    following.communicate(timeout=30)
    cluster.start()


def test_a_deletion_goes_on_with_the_grace_that_was_given(tenant: Tenant, cluster: VirtualCluster) -> None:
    tenant.create("before", container(ENDS_IN_FIVE_SECONDS), terminationGracePeriodSeconds=30)
    tenant.create("during", container(ENDS_IN_FIVE_SECONDS), terminationGracePeriodSeconds=30)
    tenant.wait_ready("before", "during")
    following = [tenant.host.background("logs", "-f", tenant.host_name(name)) for name in ("before", "during")]
    tenant.virtual("delete", "pod", "during", "--wait=false")
    tenant.eventually("the deletion on the host", lambda: _is_terminating(tenant, "during"))
    cluster.kill()
    tenant.virtual("delete", "pod", "before", "--wait=false")
    cluster.start()
    for each in following:
        assert each.communicate(timeout=60)[0].startswith(LAST_WORDS)
    tenant.virtual.wait_for("delete", "pod/before", "pod/during")
    assert tenant.host_pod("before") is None
    assert tenant.host_pod("during") is None


def test_a_rollout_goes_on_from_wherever_the_provider_was_killed(tenant: Tenant, cluster: VirtualCluster) -> None:
    tenant.virtual.apply(workload("Deployment", "web", replicas=2))
    tenant.virtual("rollout", "status", "deployment/web", "--timeout=90s")
    known: set[str] = set()
    moments: list[Callable[[], object]] = [
        lambda: True,
        lambda: {each["metadata"]["uid"] for each in tenant.pods()} - known,
        lambda: {each["metadata"]["uid"] for each in tenant.host_pods()} - known,
    ]
    for version, moment in enumerate(moments):
        known.update(each["metadata"]["uid"] for each in [*tenant.pods(), *tenant.host_pods()])
        tenant.virtual("set", "env", "deployment/web", f"VERSION={version}")
        tenant.eventually("the moment to strike", moment)
        cluster.kill()
        cluster.start()
        tenant.virtual("rollout", "status", "deployment/web", "--timeout=90s")
        tenant.assert_converged()
    tenant.virtual("delete", "deployment", "web")


def test_what_happened_while_no_provider_ran_is_made_good(tenant: Tenant, cluster: VirtualCluster) -> None:
    for name in ("forced-away", "taken-away", "replaced", "ending"):
        tenant.create(name, container("read line", stdin=True), restartPolicy="Never")
    tenant.wait_ready("forced-away", "taken-away", "replaced", "ending")
    cluster.kill()
    tenant.virtual("delete", "pods", "forced-away", "replaced", "--force", "--grace-period=0")
    tenant.create("replaced", container("sleep 3600"))
    tenant.create("new", container("sleep 3600"))
    tenant.host("delete", "pod", tenant.host_name("taken-away"), "--force", "--grace-period=0")
    tenant.host("attach", "-i", tenant.host_name("ending"), stdin=b"\n")
    cluster.start()
    tenant.wait_ready("replaced", "new")
    tenant.virtual.wait_for("jsonpath={.status.phase}=Succeeded", "pod/ending")
    tenant.virtual.wait_for("jsonpath={.status.phase}=Failed", "pod/taken-away")
    assert tenant.pod("taken-away")["status"]["reason"] == "HostPodDeleted"
    tenant.eventually("the orphan's end", lambda: tenant.host_pod("forced-away") is None)


def _containers(tenant: Tenant) -> dict[str, tuple[str, int]]:
    statuses = [each for pod in tenant.host_pods() for each in pod["status"]["containerStatuses"]]
    return {each["containerID"]: each["restartCount"] for each in statuses}


def _is_terminating(tenant: Tenant, name: str) -> bool:
    return "deletionTimestamp" in tenant.host_pod(name)["metadata"]
