"""The sandbox's host cluster is a real one: everything a user does with kubectl works."""

import urllib.request

import pytest

from sandbox import cluster_dns
from sandbox.waiting import wait_until
from tests.cluster_fixtures import Api
from tests.kubectl import Kubectl

SLEEPER = ("--image=busybox", "--restart=Never", "--", "sleep", "3600")


@pytest.fixture
def kubectl(host_cluster: Api) -> Kubectl:
    return Kubectl(host_cluster.server.kubectl, host_cluster.kubeconfig, host_cluster.namespace)


@pytest.fixture
def sleeper(kubectl: Kubectl) -> str:
    kubectl("run", "sleeper", *SLEEPER)
    kubectl.wait_for("condition=Ready", "pod/sleeper")
    return "sleeper"


@pytest.fixture
def web(kubectl: Kubectl) -> str:
    kubectl("run", "web", "--image=sandbox.local/echo:1", "--port=8080", "--labels=app=web")
    kubectl("expose", "pod/web", "--port=80", "--target-port=8080")
    kubectl.wait_for("condition=Ready", "pod/web")
    kubectl.wait_for_log("web", "listening")
    return str(kubectl.get("service/web")["spec"]["clusterIP"])


def test_logs_show_what_a_container_printed(kubectl: Kubectl) -> None:
    kubectl("run", "speaker", "--image=busybox", "--restart=Never", "--", "echo", "hello")
    kubectl.wait_for("jsonpath={.status.phase}=Succeeded", "pod/speaker")
    assert kubectl("logs", "speaker") == "hello\n"


def test_exec_passes_stdin_and_the_exit_code(kubectl: Kubectl, sleeper: str) -> None:
    done = kubectl.run("exec", "-i", sleeper, "--", "sh", "-c", "cat; exit 7", stdin=b"over and out")
    assert (done.stdout, done.returncode) == (b"over and out", 7)


def test_a_service_is_reached_by_its_cluster_ip_from_a_pod_and_from_this_machine(
    kubectl: Kubectl, sleeper: str, web: str
) -> None:
    assert '"path": "/from-pod"' in kubectl("exec", sleeper, "--", "wget", "-qO-", "-T5", f"http://{web}/from-pod")
    with urllib.request.urlopen(f"http://{web}/from-machine", timeout=10) as answer:
        assert b'"path": "/from-machine"' in answer.read()


def test_the_clusters_own_dns_knows_services(kubectl: Kubectl, host_cluster: Api, sleeper: str, web: str) -> None:
    dns = Kubectl(host_cluster.server.kubectl, host_cluster.kubeconfig, cluster_dns.NAMESPACE)
    host_cluster.server.install_dns(address=host_cluster.server.dns_address)
    dns.wait_for("condition=Available", f"deployment/{cluster_dns.NAME}")
    name = f"web.{host_cluster.namespace}.svc.cluster.local"

    def look() -> str | None:
        done = kubectl.run("exec", sleeper, "--", "nslookup", name)
        return None if web in done.stdout.decode() else f"nslookup said {done.stdout + done.stderr!r}"

    # A Service is there before kube-proxy has its rules.
    wait_until(look, what=f"{name} to be resolved", seconds=30, advice="see the log of kube-dns")
    dns("delete", f"deployment/{cluster_dns.NAME}", f"service/{cluster_dns.NAME}")


def test_port_forward_carries_http(kubectl: Kubectl, web: str) -> None:  # noqa: ARG001 - the pod behind it
    with (
        kubectl.forwarded("pod/web", 8080) as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/forwarded", timeout=10) as answer,
    ):
        assert b'"path": "/forwarded"' in answer.read()


def test_a_claim_is_bound_when_a_pod_wants_it_and_keeps_what_was_written(kubectl: Kubectl) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    kubectl.apply(claim, _pod_with_claim("writer", "echo kept > /data/file"))
    kubectl.wait_for("jsonpath={.status.phase}=Succeeded", "pod/writer")
    assert kubectl.get("pvc/data")["status"]["phase"] == "Bound"
    kubectl.apply(_pod_with_claim("reader", "cat /data/file"))
    kubectl.wait_for("jsonpath={.status.phase}=Succeeded", "pod/reader")
    assert kubectl("logs", "reader") == "kept\n"


def test_the_kubelet_answers_stats_through_the_api_server(kubectl: Kubectl, sleeper: str) -> None:
    node = kubectl.get(f"pod/{sleeper}")["spec"]["nodeName"]
    assert f'"nodeName": "{node}"' in kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary")


def test_an_image_that_nobody_has_is_refused_at_once(kubectl: Kubectl) -> None:
    kubectl("run", "lost", "--image=nobody.example/nothing:1", "--restart=Never")
    kubectl.wait_for("jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImagePull", "pod/lost")


def test_a_deleted_pod_is_gone_after_its_grace_period(kubectl: Kubectl, sleeper: str) -> None:
    kubectl("delete", "pod", sleeper, "--grace-period=1", "--wait=true")
    assert kubectl.run("get", "pod", sleeper).returncode == 1


def _pod_with_claim(name: str, script: str) -> dict[str, object]:
    container = {
        "name": "main",
        "image": "busybox:1.35",
        "command": ["sh", "-c", script],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
