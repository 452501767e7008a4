"""The life of a pod of a virtual cluster, in real containers: what its tenant does to it, and what the host does."""

import json
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from kube.quantities import parse_quantity
from reflectors.translation.metadata import REFLECTED_CONDITION
from tests.e2e.tenants import ENDS_IN_FIVE_SECONDS, LAST_WORDS, NODE, Tenant, condition, container, pod
from vk_provider.cli.root import main as vkp

TOLERATION = {"key": "example.com/dedicated", "operator": "Exists"}
LONGEST_NAME = "-".join(["long"] * 50) + "-xyz"
MOST_BYTES_OF_ANNOTATIONS = 256 * 1024  # that an API server takes
SEES_ITSELF = "echo $NAME $NAMESPACE $UID_ $NODE $LABEL $(hostname) $KUBERNETES_SERVICE_PORT"

pytestmark = pytest.mark.usefixtures("converged")


def test_a_pod_runs_on_the_host_and_kubectl_shows_it_like_any_other(tenant: Tenant) -> None:
    tenant.virtual("run", "hello", "--image=sandbox.local/echo:1", "--port=8080", "--labels=app=hello")
    tenant.wait_ready("hello")
    host = tenant.host_pod("hello")
    shown = tenant.virtual("get", "pod", "hello", "-o", "wide", "--no-headers").split()
    assert shown[:4] == ["hello", "1/1", "Running", "0"]
    assert shown[5:7] == [host["status"]["podIP"], NODE]
    tenant.eventually("the host's events", lambda: "Started" in tenant.events("hello"))
    described = tenant.virtual("describe", "pod", "hello")
    assert f"Successfully assigned {tenant.namespace}/hello to {NODE}" in described
    assert "Started container hello" in described
    assert "Container ID:   containerd://" in described
    with urllib.request.urlopen(f"http://{host['status']['podIP']}:8080/hi", timeout=10) as answer:
        assert json.load(answer)["path"] == "/hi"
    assert host["metadata"]["labels"]["app"] == "hello"


def test_a_pod_sees_itself_as_its_tenant_does(tenant: Tenant) -> None:
    fields = {
        "NAME": "metadata.name",
        "NAMESPACE": "metadata.namespace",
        "UID_": "metadata.uid",
        "NODE": "spec.nodeName",
        "LABEL": "metadata.labels['app']",
    }
    env = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()]
    manifest = pod("mirror", restartPolicy="Never", containers=[container(SEES_ITSELF, env=env)])
    manifest["metadata"]["labels"] = {"app": "glass"}
    tenant.virtual.apply(manifest)
    tenant.virtual.wait_for("jsonpath={.status.phase}=Succeeded", "pod/mirror")
    uid = tenant.pod("mirror")["metadata"]["uid"]
    port = str(urlsplit(tenant.cluster.virtual.server).port or 443)
    assert tenant.virtual("logs", "mirror").split() == ["mirror", tenant.namespace, uid, NODE, "glass", "mirror", port]


def test_a_live_pod_can_be_explained(tenant: Tenant) -> None:
    tenant.run("explained", container("sleep 3600"))
    cluster = tenant.cluster
    options = {
        "cluster": cluster.name,
        "host-namespace": cluster.namespace,
        "virtual-kubeconfig": cluster.virtual.kubeconfig,
        "host-kubeconfig": cluster.host.kubeconfig,
    }
    arguments = ["explain", f"{tenant.namespace}/explained", *(f"--{name}={value}" for name, value in options.items())]

    tenant.eventually("all to be well", lambda: CliRunner().invoke(vkp, arguments).exit_code == 0)
    text = CliRunner().invoke(vkp, arguments).output
    assert f"on the host {cluster.namespace}/{tenant.host_name('explained')}: Running" in text
    assert "still to be done: nothing" in text


def test_init_containers_run_first_and_the_end_of_a_pod_is_told(tenant: Tenant) -> None:
    shared = {"name": "shared", "mountPath": "/shared"}
    first = container("echo one > /shared/file", name="first", volumeMounts=[shared])
    then = container("cat /shared/file; exit 3", volumeMounts=[shared])
    volumes = [{"name": "shared", "emptyDir": {}}]
    tenant.create("ending", then, initContainers=[first], volumes=volumes, restartPolicy="Never")
    tenant.virtual.wait_for("jsonpath={.status.phase}=Failed", "pod/ending")
    status = tenant.pod("ending")["status"]
    assert status["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
    assert tenant.virtual("logs", "ending") == "one\n"


def test_an_image_that_nobody_has_is_told(tenant: Tenant) -> None:
    tenant.create("lost", {"name": "app", "image": "nobody.example/nothing:1"})
    tenant.eventually(
        "the reason", lambda: _waiting(tenant, "lost").get("reason", "").endswith(("Pull", "PullBackOff"))
    )
    assert "nobody.example/nothing:1" in _waiting(tenant, "lost")["message"]
    tenant.virtual("delete", "pod", "lost")


def test_what_the_tenant_changes_changes_on_the_host_and_what_the_host_added_stays_there(tenant: Tenant) -> None:
    tenant.run("changing", container("sleep 3600"))
    name = f"pod/{tenant.host_name('changing')}"
    tenant.virtual("label", "pod/changing", "stage=test", "app=web")
    tenant.host("label", name, "mesh.example/injected=yes")
    tenant.host("annotate", name, "mesh.example/revision=7")
    tenant.virtual("label", "pod/changing", "stage-", "app=shop", "--overwrite")
    tenant.virtual("annotate", "pod/changing", "note=new")
    tenant.virtual("set", "image", "pod/changing", "app=sandbox.local/test:1")
    tolerations = [*tenant.pod("changing")["spec"]["tolerations"], TOLERATION]
    tenant.virtual("patch", "pod", "changing", "-p", json.dumps({"spec": {"tolerations": tolerations}}))

    def has_changed() -> bool:
        host = tenant.host_pod("changing")
        metadata = host["metadata"]
        return (
            (metadata["labels"].get("app"), metadata["labels"].get("stage")) == ("shop", None)
            and metadata["annotations"].get("note") == "new"
            and host["spec"]["containers"][0]["image"] == "sandbox.local/test:1"
            and TOLERATION in host["spec"]["tolerations"]
        )

    tenant.eventually("the changes on the host", has_changed)
    tenant.virtual.wait_for("jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/changing")
    tenant.wait_ready("changing")
    host, virtual = tenant.host_pod("changing")["metadata"], tenant.pod("changing")["metadata"]
    assert host["labels"]["mesh.example/injected"] == "yes"
    assert host["annotations"]["mesh.example/revision"] == "7"
    assert virtual["labels"] == {"app": "shop"}
    assert "mesh.example/revision" not in virtual["annotations"]


def test_a_deadline_that_the_tenant_sets_later_ends_the_pod(tenant: Tenant) -> None:
    tenant.run("brief", container("sleep 3600"))
    tenant.virtual("patch", "pod", "brief", "-p", '{"spec": {"activeDeadlineSeconds": 1}}')
    tenant.virtual.wait_for("jsonpath={.status.phase}=Failed", "pod/brief")
    assert tenant.pod("brief")["status"]["reason"] == "DeadlineExceeded"


def test_a_readiness_gate_that_the_tenant_opens_makes_the_pod_ready(tenant: Tenant) -> None:
    gate = "example.com/registered"
    tenant.create("gated", container("sleep 3600"), readinessGates=[{"conditionType": gate}])
    tenant.virtual.wait_for("condition=ContainersReady", "pod/gated")
    assert condition(tenant.pod("gated"), "Ready")["status"] == "False"
    opened = json.dumps({"status": {"conditions": [{"type": gate, "status": "True"}]}})
    tenant.virtual("patch", "pod", "gated", "--subresource=status", "-p", opened)
    tenant.wait_ready("gated")


def test_a_deleted_pod_has_the_time_that_it_needs_and_is_gone_when_its_host_pod_is(tenant: Tenant) -> None:
    tenant.run("patient", container(ENDS_IN_FIVE_SECONDS), terminationGracePeriodSeconds=30)
    following = tenant.virtual.background("logs", "-f", "patient")
    tenant.virtual("delete", "pod", "patient", "--wait=false")
    dying = tenant.pod("patient")
    assert dying["metadata"]["deletionGracePeriodSeconds"] == 30
    assert "running" in dying["status"]["containerStatuses"][0]["state"]
    assert following.communicate(timeout=60)[0].startswith(LAST_WORDS)
    tenant.virtual.wait_for("delete", "pod/patient")
    assert tenant.host_pod("patient") is None


def test_a_pod_that_is_deleted_by_force_leaves_nothing_on_the_host(tenant: Tenant) -> None:
    tenant.run("unlucky", container("sleep 3600"))
    tenant.virtual("delete", "pod", "unlucky", "--force", "--grace-period=0")
    assert tenant.pod("unlucky") is None
    tenant.eventually("no host pod", lambda: tenant.host_pod("unlucky") is None)


def test_a_name_that_is_taken_and_given_up_again_and_again_is_in_the_end_its_last_owners(tenant: Tenant) -> None:
    for number in range(5):
        tenant.create("restless", container(f"echo {number}; sleep 3600"))
        tenant.virtual("delete", "pod", "restless", "--force", "--grace-period=0")
    tenant.run("restless", container("echo last; sleep 3600"))
    tenant.eventually("one host pod", lambda: len(_host_pods_of(tenant, "restless")) == 1)
    assert tenant.virtual("logs", "restless") == "last\n"


def test_a_deleted_namespace_takes_its_pods_along(tenant: Tenant) -> None:
    elsewhere = tenant.elsewhere()
    elsewhere.run("goes", container("sleep 3600"))
    elsewhere.virtual.apply(pod("refused", hostNetwork=True, containers=[container("true")]))
    tenant.virtual("delete", "namespace", elsewhere.namespace, "--timeout=60s")
    elsewhere.eventually("no host pod", lambda: not elsewhere.host_pods())


@pytest.mark.parametrize(
    ("name", "spec", "field"),
    [
        pytest.param("network", {"hostNetwork": True}, "spec.hostNetwork", id="its network"),
        pytest.param("processes", {"hostPID": True}, "spec.hostPID", id="its processes"),
        pytest.param(
            "files",
            {"volumes": [{"name": "etc", "hostPath": {"path": "/etc"}}]},
            "spec.volumes[0].hostPath",
            id="its files",
        ),
        pytest.param(
            "ports",
            {"containers": [container("true", ports=[{"containerPort": 80, "hostPort": 80}])]},
            "spec.containers[0].ports[0].hostPort",
            id="its ports",
        ),
        pytest.param(
            "rights",
            {"containers": [container("true", securityContext={"privileged": True})]},
            "spec.containers[0].securityContext.privileged",
            id="its rights",
        ),
    ],
)
def test_a_pod_that_reaches_for_the_node_is_refused_and_told_why(
    tenant: Tenant, name: str, spec: dict[str, Any], field: str
) -> None:
    tenant.virtual.apply(pod(name, **{"containers": [container("true")], **spec}))
    tenant.eventually("the event", lambda: field in tenant.events(name).get("Refused", ""))
    refused = tenant.pod(name)
    assert (refused["status"]["phase"], refused["status"]["reason"]) == ("Pending", "Refused")
    assert field in condition(refused, REFLECTED_CONDITION)["message"]
    assert tenant.host_pod(name) is None


def test_annotations_that_leave_no_room_for_what_is_recorded_beside_them_are_refused(tenant: Tenant) -> None:
    manifest = pod("verbose", containers=[container("true")])
    manifest["metadata"]["annotations"] = {"novel": "x" * (MOST_BYTES_OF_ANNOTATIONS - len("novel"))}
    tenant.virtual("create", "-f", "-", stdin=json.dumps(manifest).encode())
    tenant.eventually("the event", lambda: "metadata.annotations" in tenant.events("verbose").get("Refused", ""))


def test_a_refused_pod_can_be_deleted(tenant: Tenant) -> None:
    tenant.virtual.apply(pod("refused", hostNetwork=True, containers=[container("true")]))
    tenant.eventually("the refusal", lambda: tenant.pod("refused")["status"].get("reason") == "Refused")
    tenant.virtual("delete", "pod", "refused")


def test_a_pod_that_the_host_takes_away_has_failed_and_says_so(tenant: Tenant) -> None:
    tenant.run("evicted", container("sleep 3600"))
    tenant.host("delete", "pod", tenant.host_name("evicted"), "--force", "--grace-period=0")
    tenant.virtual.wait_for("jsonpath={.status.phase}=Failed", "pod/evicted")
    status = tenant.pod("evicted")["status"]
    assert status["reason"] == "HostPodDeleted"
    assert status["containerStatuses"][0]["state"]["terminated"]["reason"] == "ContainerStatusUnknown"


def test_a_pod_that_exceeds_the_hosts_quota_says_so_and_runs_when_there_is_room(tenant: Tenant) -> None:
    used = _requested_memory(tenant)
    tenant.host.apply(_quota(f"{used + 100}Mi"))
    tenant.host.wait_for(f"jsonpath={{.status.hard.requests\\.memory}}={used + 100}Mi", "resourcequota/small")
    tenant.host.apply(pod("control-plane", containers=[_demanding("60Mi")], nodeSelector={"nobody": "has-it"}))
    tenant.virtual.apply(pod("late", containers=[_demanding("60Mi")], terminationGracePeriodSeconds=0))
    tenant.eventually("the event", lambda: "exceeded quota" in tenant.events("late").get("HostRefused", ""))
    assert "exceeded quota" in condition(tenant.pod("late"), REFLECTED_CONDITION)["message"]
    tenant.host.apply(_quota(f"{used + 200}Mi"))
    tenant.wait_ready("late")
    assert condition(tenant.pod("late"), REFLECTED_CONDITION) == {}
    assert "reason" not in tenant.pod("late")["status"]
    tenant.host("delete", "resourcequota/small", "pod/control-plane")


def test_a_foreign_pod_under_our_name_is_left_alone_and_in_the_way_until_it_goes(tenant: Tenant) -> None:
    foreign = tenant.host_name("claimed")
    tenant.host.apply(pod(foreign, containers=[container("sleep 3600")], terminationGracePeriodSeconds=0))
    tenant.host.wait_for("condition=Ready", f"pod/{foreign}")
    before = tenant.host.get("pod", foreign)
    tenant.create("claimed", container("sleep 3600"))
    tenant.eventually("the event", lambda: "ForeignObject" in tenant.events("claimed"))
    assert tenant.host.get("pod", foreign) == before
    tenant.host("delete", "pod", foreign)
    tenant.wait_ready("claimed")


def test_what_a_tenant_writes_into_a_pods_status_does_not_stay(tenant: Tenant) -> None:
    tenant.run("honest", container("sleep 3600"))
    before = tenant.pod("honest")["status"]
    lie = {"phase": "Failed", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "containerStatuses": None}
    tenant.virtual("patch", "pod", "honest", "--subresource=status", "--type=merge", "-p", json.dumps({"status": lie}))
    tenant.eventually("the truth", lambda: tenant.pod("honest")["status"] == before)


def test_a_node_that_a_tenant_deletes_comes_back_and_its_pods_run_on(tenant: Tenant) -> None:
    tenant.run("resident", container("sleep 3600"))
    before, node = tenant.pod("resident"), tenant.virtual.get("node", NODE)
    tenant.virtual("delete", "node", NODE)
    tenant.virtual.wait_for("condition=Ready", f"node/{NODE}")
    assert tenant.virtual.get("node", NODE)["metadata"]["uid"] != node["metadata"]["uid"]
    tenant.assert_converged()
    after = tenant.pod("resident")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]


def test_names_and_labels_of_a_tenants_choice_are_as_good_as_any(tenant: Tenant) -> None:
    names = [LONGEST_NAME, f"{LONGEST_NAME[:-1]}a", "a.b", "a-b"]
    for name in names:
        manifest = pod(name, containers=[container("sleep 3600")], terminationGracePeriodSeconds=0)
        manifest["metadata"]["labels"] = {"k3k.io/cluster": "other", "x.k3k.io/role": "server", "mine": "yes"}
        tenant.virtual.apply(manifest)
    tenant.wait_ready(*names)
    assert len(LONGEST_NAME) == 253
    assert len({tenant.host_name(name) for name in names}) == len(names)
    labels = tenant.host_pod("a.b")["metadata"]["labels"]
    assert (labels["k3k.io/cluster"], labels.get("x.k3k.io/role"), labels["mine"]) == (tenant.cluster.name, None, "yes")
    assert "metadata.labels[x.k3k.io/role]" in tenant.events("a.b")["NotHonoured"]


def _host_pods_of(tenant: Tenant, name: str) -> list[Any]:
    return [each for each in tenant.host_pods() if each["metadata"]["name"] == tenant.host_name(name)]


def _waiting(tenant: Tenant, name: str) -> dict[str, str]:
    statuses = tenant.pod(name)["status"].get("containerStatuses", [{"state": {}}])
    waiting: dict[str, str] = statuses[0]["state"].get("waiting", {})
    return waiting


def _requested_memory(tenant: Tenant) -> int:
    """MiB that pods of the host namespace ask for already, those of the control plane among them."""
    pods = tenant.host.get("pods")["items"]
    asked = (each.get("resources", {}).get("requests", {}) for pod in pods for each in pod["spec"]["containers"])
    return sum(parse_quantity(each.get("memory", "0")) for each in asked) // parse_quantity("1Mi")


def _quota(memory: str) -> dict[str, Any]:
    spec = {"hard": {"requests.memory": memory}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": spec}


def _demanding(memory: str) -> dict[str, Any]:
    return container("sleep 3600", resources={"requests": {"memory": memory}})
