"""`describe`, `status` and `doctor`: what they find on real API servers."""

import json
from typing import Any

import pytest
import yaml

from sandbox.session import ApiServer
from tests.cluster_fixtures import Api
from tests.integration.cli.commands import Vkp
from tests.integration.cli.statuses import set_status
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit

CONTROL_PLANE = {"k3k.io/control-plane": "demo"}


def pod(name: str, labels: dict[str, str]) -> dict[str, Any]:
    spec = {"containers": [{"name": "k3s", "image": "rancher/k3s"}], "automountServiceAccountToken": False}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


@pytest.fixture
def demo(vkp: Vkp, kubectl: Kubectl, virtual_api_server: ApiServer) -> str:
    """A Cluster with a server pod that waits for its image, and an API that answers."""
    kubectl.run("create", "serviceaccount", "default")
    stored = virtual_api_server.kubeconfig.read_text()
    metadata = {"name": "k3k-demo-kubeconfig"}
    vkp("cluster", "create", f"{kubectl.namespace}/demo", "--servers=3")
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"kubeconfig.yaml": stored}},
        pod("k3k-demo-server-0", CONTROL_PLANE),
        pod("web-of-a-tenant", {"k3k.io/cluster": "demo"}),
    )
    path = f"/api/v1/namespaces/{kubectl.namespace}/pods/k3k-demo-server-0"
    body = json.loads(kubectl("get", "--raw", path))
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    container = {"name": "k3s", "image": "rancher/k3s", "imageID": "", "ready": False, "restartCount": 0}
    body["status"] = {"phase": "Pending", "containerStatuses": [{**container, "state": waiting}]}
    kubectl("replace", "--raw", f"{path}/status", "-f", "-", stdin=json.dumps(body).encode())
    set_status(kubectl, "demo", "Failed", reason="ProvisioningFailed", message="the image cannot be pulled")
    return f"{kubectl.namespace}/demo"


def test_all_there_is_to_know_is_described(vkp: Vkp, kubectl: Kubectl, demo: str) -> None:
    kubectl.apply(event(kubectl, "ImagePullFailed", "no such image"))
    told = vkp("cluster", "describe", demo)
    assert "  servers: 3" in told.splitlines()
    assert "Ready: False, the image cannot be pulled" in told
    assert "k3k-demo-server-0   ImagePullBackOff" in told
    assert "Pod k3k-demo-server-0: image rancher/k3s: no such image" in told
    assert "Cluster/demo   ImagePullFailed   no such image" in told
    assert "web-of-a-tenant" not in told


def event(kubectl: Kubectl, reason: str, message: str) -> dict[str, Any]:
    about = kubectl.get("clusters.k3k.io", "demo")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "demo.1"},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": "demo",
            "namespace": kubectl.namespace,
            "uid": about["metadata"]["uid"],
        },
    }


def test_status_tells_of_both_sides_and_ends_with_1_unless_all_is_well(vkp: Vkp, demo: str) -> None:
    done = vkp.run("status", demo, "--once")
    assert done.exit_code == Exit.FAILED
    assert done.stdout.startswith(f"Cluster {demo} is Failed: shared, v1.")
    assert "image rancher/k3s: no such image" in done.stdout
    assert "there is no node yet" in done.stdout


def test_status_without_a_way_into_the_virtual_cluster_tells_of_the_host(
    vkp: Vkp, kubectl: Kubectl, demo: str, virtual_api_server: ApiServer
) -> None:
    config = yaml.safe_load(virtual_api_server.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    stored = {"kubeconfig.yaml": yaml.safe_dump(config)}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k3k-demo-kubeconfig"}, "stringData": stored}
    )
    done = vkp.run("status", demo)
    assert done.exit_code == Exit.FAILED
    assert "image rancher/k3s: no such image" in done.stdout
    assert f"Cluster {demo} has no server that runs" in done.stdout


def test_status_of_what_is_not_there(vkp: Vkp, kubectl: Kubectl) -> None:
    assert vkp.run("status", f"{kubectl.namespace}/gone").exit_code == Exit.NOT_FOUND


def test_the_host_is_examined(vkp: Vkp, host_api: Api) -> None:
    done = vkp.run("doctor", "-o", "json")
    found = {each["subject"]: each for each in json.loads(done.stdout)["findings"]}
    major, minor = host_api.version[:2]
    assert found["Kubernetes"]["what"].startswith(f"v{major}.{minor}")
    assert found["Kinds"]["level"] == "ok"
    assert "/" in found["Service addresses"]["what"]
    assert (found["Nodes"]["level"], done.exit_code) == ("bad", Exit.FAILED)  # this host has none


def test_the_host_is_examined_for_people(vkp: Vkp) -> None:
    assert "✗ Nodes: none of 0 takes pods\n    Bring one back: kubectl describe nodes\n" in vkp.run("doctor").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(vkp: Vkp, shell: str) -> None:
    assert "_VKP_COMPLETE" in vkp("completion", shell)


def test_names_of_clusters_are_completed(vkp: Vkp, kubectl: Kubectl) -> None:
    name = f"tab-{kubectl.namespace[-8:]}"
    vkp("cluster", "create", f"{kubectl.namespace}/{name}")
    vkp.environment |= {
        "_VKP_COMPLETE": "bash_complete",
        "COMP_WORDS": f"vkp cluster get {name[:-2]}",
        "COMP_CWORD": "3",
    }
    assert vkp.run().stdout.split() == [f"plain,{name}"]


def test_completion_without_a_host_is_silent(vkp: Vkp) -> None:
    vkp.environment |= {"KUBECONFIG": "/nowhere", "_VKP_COMPLETE": "bash_complete"}
    vkp.environment |= {"COMP_WORDS": "vkp cluster get x", "COMP_CWORD": "3"}
    done = vkp.run()
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_what_programs_get_of_several_is_a_list(vkp: Vkp, demo: str) -> None:
    assert yaml.safe_load(vkp("cluster", "get", demo, demo, "-o", "json"))["kind"] == "ClusterList"
