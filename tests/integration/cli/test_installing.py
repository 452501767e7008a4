import json
from collections.abc import Iterator

import pytest
import yaml

from tests.cluster_fixtures import NewApiServer
from tests.integration.cli.commands import Running, Vkp
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit
from vk_provider.install.objects import objects
from vk_provider.install.options import NAME, NAMESPACE, Options

DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"


@pytest.fixture(scope="module")
def bare(new_api_server: NewApiServer) -> Iterator[tuple[Vkp, Kubectl]]:
    """An API server of one's own: what is installed here disturbs nobody."""
    server = new_api_server()
    yield Vkp(server.kubeconfig), Kubectl(server.kubectl, server.kubeconfig, NAMESPACE)
    server.remove()


@pytest.fixture
def host(bare: tuple[Vkp, Kubectl]) -> Iterator[tuple[Vkp, Kubectl]]:
    """That, and what is installed there is gone afterwards."""
    yield bare
    vkp, kubectl = bare
    vkp("uninstall", "--delete-clusters", "--no-wait")
    end_namespace(kubectl)
    vkp("uninstall")  # with all its patience


def end_namespace(kubectl: Kubectl) -> None:
    """Let go of the installation's namespace, in the place of the controller-manager that is not here."""
    path = f"/api/v1/namespaces/{NAMESPACE}"
    there = kubectl.run("get", "--raw", path)
    if there.returncode == 0:
        body = {**json.loads(there.stdout), "spec": {"finalizers": []}}
        kubectl("replace", "--raw", f"{path}/finalize", "-f", "-", stdin=json.dumps(body).encode())


def roll_out(kubectl: Kubectl, *, ready: int = 2) -> None:
    """Say of the Deployment what its controller would."""
    body = json.loads(kubectl("get", "--raw", DEPLOYMENT))
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), ready)
    body["status"] = {"observedGeneration": body["metadata"]["generation"], **counts}
    kubectl("replace", "--raw", f"{DEPLOYMENT}/status", "-f", "-", stdin=json.dumps(body).encode())


def test_what_would_be_applied_is_printed_without_a_host(vkp: Vkp) -> None:
    del vkp.environment["KUBECONFIG"]
    counts = ("--replicas=3", "--provider-replicas=2")
    printed = list(yaml.safe_load_all(vkp("install", "--dry-run", "--image=example.com/vkp:1", *counts)))
    assert printed == objects(Options(image="example.com/vkp:1", replicas=3, provider_replicas=2))
    [deployment] = [each for each in printed if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert {"name": "VKP_PROVIDER_REPLICAS", "value": "2"} in container["env"]


def test_all_is_applied_and_again_for_an_update(host: tuple[Vkp, Kubectl]) -> None:
    vkp, kubectl = host
    vkp("install", "--no-wait", "--service-cidr=10.43.0.0/16")
    vkp("install", "--no-wait", "--image=example.com/vkp:2")
    for body in objects(Options()):
        kubectl("get", body["kind"], body["metadata"]["name"])
    [container] = kubectl.get("deployment", NAME)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "example.com/vkp:2"
    assert "VKP_SERVICE_CIDR" not in [variable["name"] for variable in container["env"]]
    assert vkp("cluster", "list") == ""


def test_waiting_ends_when_the_controllers_are_ready(host: tuple[Vkp, Kubectl]) -> None:
    vkp, kubectl = host
    vkp("install", "--no-wait")
    roll_out(kubectl)
    with Running(vkp, "install") as waiting:
        ended = waiting.end()
    assert ended.returncode == Exit.OK, ended.stderr
    assert "vkp cluster create demo --wait" in ended.stderr


def test_when_the_time_is_up_it_is_said_what_is_missing(host: tuple[Vkp, Kubectl]) -> None:
    vkp, kubectl = host
    vkp("install", "--no-wait")
    roll_out(kubectl, ready=1)
    late = vkp.run("install", "--timeout=1s")
    assert late.exit_code == Exit.TIMED_OUT
    assert "of the controllers, 1 of 2 are" in late.stderr


def test_kinds_of_another_controller_are_not_taken_over_unasked(host: tuple[Vkp, Kubectl]) -> None:
    vkp, kubectl = host
    vkp("install", "--no-wait")
    kubectl("annotate", "crd", "clusters.k3k.io", "meta.helm.sh/release-name=k3k")
    refused = vkp.run("install", "--no-wait")
    assert (refused.exit_code, "belongs to the Helm release k3k" in refused.stderr) == (Exit.FAILED, True)
    vkp("install", "--no-wait", "--take-over")


def test_it_is_not_uninstalled_while_there_are_clusters(host: tuple[Vkp, Kubectl]) -> None:
    vkp, kubectl = host
    vkp("install", "--no-wait")
    vkp("cluster", "create", "default/demo")
    refused = vkp.run("uninstall")
    assert refused.exit_code == Exit.FAILED
    assert "there are still Cluster default/demo" in refused.stderr
    kubectl("get", "deployment", NAME)


def test_clusters_can_stay_or_go(host: tuple[Vkp, Kubectl]) -> None:
    vkp, kubectl = host
    vkp("install", "--no-wait")
    vkp("cluster", "create", "default/demo")
    vkp("uninstall", "--keep-clusters", "--no-wait")
    assert kubectl.run("get", "deployment", NAME).returncode != 0
    assert kubectl("get", "clusters.k3k.io", "-n", "default", "-o", "name") == "cluster.k3k.io/demo\n"
    vkp("uninstall", "--delete-clusters", "--no-wait")
    end_namespace(kubectl)
    vkp("uninstall")  # what is left to do is to wait
    assert kubectl.run("get", "crd", "clusters.k3k.io").returncode != 0


def test_nobody_is_asked_for_two_things_at_once(vkp: Vkp) -> None:
    assert vkp.run("uninstall", "--delete-clusters", "--keep-clusters").exit_code == Exit.USAGE
