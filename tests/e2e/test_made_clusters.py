"""What befalls virtual clusters that the controller made: their pods do not notice, and what is wrong is told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.session import HostCluster
from sandbox.waiting import wait_until
from tests.e2e.tenants import NODE, Tenant, container
from tests.made_cluster import MadeCluster, made_cluster
from vk_provider.install.options import NAME as CONTROLLER
from vk_provider.install.options import NAMESPACE as SYSTEM

LIMIT = 120
MADE = "k3k.io/control-plane"
KINDS = "statefulsets,deployments,services,secrets,configmaps,serviceaccounts,rolebindings,networkpolicies,ingresses"


@pytest.fixture(scope="module")
def resident(tenant: Tenant) -> Tenant:
    """A tenant with a pod that nothing may happen to, and data that nobody may lose."""
    tenant.run("resident", container("while :; do date; sleep 1; done"))
    tenant.virtual("create", "configmap", "kept", "--from-literal=by=tenant")
    return tenant


@pytest.fixture
def namespace(controlled: HostCluster) -> Iterator[str]:
    created = controlled.create_namespace("own")
    yield created
    controlled.delete_namespace(created)


def test_a_killed_server_comes_back_with_its_data_and_no_pod_notices(made: MadeCluster, resident: Tenant) -> None:
    before = _containers(resident)
    host, server = made.host_kubectl(), f"k3k-{NODE}-server"
    uid = host.get("pod", f"{server}-0")["metadata"]["uid"]
    host("delete", "pod", f"{server}-0", "--force", "--grace-period=0")
    resident.eventually("another server", lambda: host.get("pods", f"-l={MADE}")["items"][0]["metadata"]["uid"] != uid)
    host("rollout", "status", f"statefulset/{server}", f"--timeout={LIMIT}s")
    _assert_untouched(made, resident, before)


@pytest.mark.parametrize("what", [f"statefulset/k3k-{NODE}-server", f"deployment/k3k-{NODE}-provider"])
def test_the_pods_of_a_control_plane_are_replaced_and_no_other_notices(
    made: MadeCluster, resident: Tenant, what: str
) -> None:
    before = _containers(resident)
    host = made.host_kubectl()
    host("rollout", "restart", what)
    host("rollout", "status", what, f"--timeout={LIMIT}s")
    _assert_untouched(made, resident, before)


def test_another_controller_changes_nothing(made: MadeCluster, resident: Tenant) -> None:
    made.wait_ready()
    before = (_containers(resident), _versions(made))
    host = made.host_kubectl()
    host("rollout", "restart", f"deployment/{CONTROLLER}", f"--namespace={SYSTEM}")
    host("rollout", "status", f"deployment/{CONTROLLER}", f"--namespace={SYSTEM}", f"--timeout={LIMIT}s")
    host("label", "cluster", NODE, "seen=yes", "--overwrite")  # whatever it does at its start is done by then
    _assert_untouched(made, resident, before[0])
    assert _versions(made) == before[1]


def test_one_server_becomes_three_and_one_again(controlled: HostCluster, tmp_path: Path) -> None:
    with made_cluster(controlled, tmp_path) as cluster:
        cluster.kubectl()("create", "configmap", "kept", "--from-literal=by=tenant")
        for servers in (3, 1):
            _change(cluster, servers=servers)
            cluster.host_kubectl()(
                "rollout", "status", f"statefulset/k3k-{cluster.name}-server", f"--timeout={2 * LIMIT}s"
            )
            cluster.wait_ready()
            assert cluster.kubectl().get("configmap", "kept")["data"] == {"by": "tenant"}
            cluster.kubectl()("create", "configmap", f"with-{servers}")


def test_two_of_one_name_in_two_namespaces_do_not_meet(made: MadeCluster, resident: Tenant, tmp_path: Path) -> None:
    assert isinstance(made.host, HostCluster)
    before = _containers(resident)
    with made_cluster(made.host, tmp_path, name=NODE) as other:
        assert other.virtual.server != made.virtual.server
        other.kubectl()("create", "configmap", "theirs")
        other.kubectl()("run", "resident", "--image=busybox", "--", "sleep", "3600")
        other.kubectl().wait_for("condition=Ready", "pod/resident")
    assert made.kubectl().run("get", "configmap", "theirs").returncode != 0
    _assert_untouched(made, resident, before)


def test_nothing_is_left_of_a_cluster_with_all_that_is_in_it(
    controlled: HostCluster, namespace: str, tmp_path: Path
) -> None:
    cluster = MadeCluster(controlled, namespace, "going", tmp_path)
    cluster.create(sync={"priorityClasses": {"enabled": True}})
    cluster.wait_ready()
    virtual = cluster.kubectl()
    virtual.apply(
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "a"}, "value": 1}
    )
    virtual("create", "deployment", "web", "--image=sandbox.local/echo:1")
    virtual("expose", "deployment", "web", "--port=80", "--target-port=8080")
    virtual("rollout", "status", "deployment/web", "--timeout=90s")
    host = cluster.host_kubectl()
    wait_until(
        lambda: None if host.get("priorityclasses", "-l=k3k.io/cluster=going")["items"] else "not there",
        what="the host's PriorityClass",
        seconds=60,
        advice=cluster.state(),
    )
    cluster.delete()
    _wait_empty(cluster)
    assert host.get("priorityclasses", "-l=k3k.io/cluster=going")["items"] == []


def test_a_cluster_deleted_while_it_is_made_is_gone(controlled: HostCluster, namespace: str, tmp_path: Path) -> None:
    cluster = MadeCluster(controlled, namespace, "hasty", tmp_path)
    cluster.create()
    host = cluster.host_kubectl()
    wait_until(
        lambda: None if host.get("services", f"-l={MADE}")["items"] else "no Service yet",
        what="it to be begun",
        seconds=60,
        advice=cluster.state(),
    )
    cluster.delete()
    _wait_empty(cluster)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param({"persistence": {"storageClassName": "missing"}}, "missing", id="StorageClass"),
        pytest.param({"addons": [{"secretRef": "missing"}]}, "missing", id="Secret"),
        pytest.param({"nodeSelector": {"no": "node"}}, "node", id="node"),
    ],
)
def test_what_is_missing_is_named_and_once_it_is_there_all_goes_on(
    controlled: HostCluster, namespace: str, tmp_path: Path, spec: Mapping[str, Any], said: str
) -> None:
    cluster = MadeCluster(controlled, namespace, "lacking", tmp_path)
    cluster.create(**spec)
    _wait_told(cluster, said)
    cluster.delete()


def test_a_quota_that_is_too_small_is_told_and_when_it_grows_the_cluster_comes_up(
    controlled: HostCluster, namespace: str, tmp_path: Path
) -> None:
    cluster = MadeCluster(controlled, namespace, "large", tmp_path)
    host = cluster.host_kubectl()
    host("create", "quota", "small", "--hard=requests.memory=16Mi,requests.cpu=10m")
    cluster.create()
    _wait_told(cluster, "quota")
    host("delete", "quota", "small")
    cluster.wait_ready()
    cluster.delete()


def test_a_provider_may_do_nothing_outside_its_namespace(made: MadeCluster) -> None:
    host = made.host_kubectl()
    account = f"--as=system:serviceaccount:{made.namespace}:k3k-{NODE}-provider"
    for verb, resource, where in (
        ("list", "pods", "--all-namespaces"),
        ("list", "nodes", "--all-namespaces"),
        ("get", "secrets", "--namespace=kube-system"),
        ("create", "pods", "--namespace=default"),
        ("create", "rolebindings", f"--namespace={made.namespace}"),
    ):
        assert host.run("auth", "can-i", verb, resource, where, account).stdout.strip() == b"no"


def _assert_untouched(made: MadeCluster, resident: Tenant, before: Mapping[str, int]) -> None:
    made.wait_ready()
    assert resident.virtual.get("configmap", "kept")["data"] == {"by": "tenant"}
    resident.virtual.wait_for("condition=Ready", "pod/resident")
    assert resident.virtual("exec", "resident", "--", "echo", "here") == "here\n"
    assert _containers(resident) == before


def _containers(tenant: Tenant) -> dict[str, int]:
    statuses = [each for pod in tenant.host_pods() for each in pod["status"]["containerStatuses"]]
    return {each["containerID"]: each["restartCount"] for each in statuses}


def _versions(made: MadeCluster) -> dict[str, str]:
    """Generations where there are any: what a controller-manager says of an object is no change."""
    items = made.host_kubectl().get(KINDS, f"-l={MADE}")["items"]
    heads = [(each["kind"], each["metadata"]) for each in items if each["kind"] not in {"ReplicaSet", "Pod"}]
    return {f"{kind}/{head['name']}": str(head.get("generation", head["resourceVersion"])) for kind, head in heads}


def _change(cluster: MadeCluster, **spec: Any) -> None:
    metadata = {"name": cluster.name, "namespace": cluster.namespace}
    cluster.host_kubectl().apply(
        {"apiVersion": "k3k.io/v1beta1", "kind": "Cluster", "metadata": metadata, "spec": spec}
    )


def _wait_told(cluster: MadeCluster, said: str) -> None:
    def look() -> str | None:
        conditions = cluster.host_kubectl().get("cluster", cluster.name).get("status", {}).get("conditions", [])
        told = [each["message"] for each in conditions if each["status"] != "True"]
        return None if any(said in message for message in told) else f"it says {told}"

    wait_until(look, what=f"a condition about {said}", seconds=LIMIT, advice="see the controller's log")


def _wait_empty(cluster: MadeCluster) -> None:
    def look() -> str | None:
        selectors = (f"-l={MADE}={cluster.name}", f"-l=k3k.io/cluster={cluster.name}")
        host = cluster.host_kubectl()
        items = [each for one in selectors for each in host.get(f"{KINDS},pods,pvc", one)["items"]]
        items += [each for each in host.get("leases")["items"] if f"-{cluster.name}-" in each["metadata"]["name"]]
        return f"there is {[each['metadata']['name'] for each in items]}" if items else None

    wait_until(look, what="nothing to be left", seconds=60, advice="see the controller's log")
