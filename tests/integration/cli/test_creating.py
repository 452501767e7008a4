from pathlib import Path

import pytest
import yaml

from tests.cluster_fixtures import Api
from tests.integration.cli.commands import Running, Vkp
from tests.integration.cli.statuses import set_status, wait_until_created
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit


def test_a_cluster_is_created_as_the_options_say(vkp: Vkp, kubectl: Kubectl) -> None:
    options = ["--servers=3", "--version=v1.31.4+k3s1", "--persistence-type=ephemeral", "--tls-sans=a.example.com"]
    options += ["--server-args=--debug", "--server-envs=OPTS=a=b", "--node-selector=disk=fast", "--server-limit=cpu=2"]
    options += ["--expose=nodeport", "--expose-port=30443", "--sync=ingresses", "--no-sync=services"]
    options += ["--addon=extras", "--secret-mount=certs:/etc/certs", "--labels=team=blue", "--annotations=why=test"]
    vkp("cluster", "create", "demo", "-n", kubectl.namespace, *options)
    created = kubectl.get("clusters.k3k.io", "demo")
    assert created["metadata"]["labels"] == {"team": "blue"}
    assert created["metadata"]["annotations"] == {"why": "test"}
    spec = created["spec"]
    assert spec["servers"] == 3
    assert spec["version"] == "v1.31.4-k3s1"
    assert spec["persistence"]["type"] == "ephemeral"
    assert spec["tlsSANs"] == ["a.example.com"]
    assert spec["serverArgs"] == ["--debug"]
    assert spec["serverEnvs"] == [{"name": "OPTS", "value": "a=b"}]
    assert spec["nodeSelector"] == {"disk": "fast"}
    assert spec["serverLimit"] == {"cpu": "2"}
    assert spec["expose"] == {"nodePort": {"serverPort": 30443}}
    assert spec["addons"] == [{"secretNamespace": kubectl.namespace, "secretRef": "extras"}]
    assert spec["secretMounts"] == [{"name": "certs", "secretName": "certs", "mountPath": "/etc/certs"}]
    assert (spec["sync"]["ingresses"]["enabled"], spec["sync"]["services"]["enabled"]) == (True, False)


def test_at_a_node_port_its_certificate_bears_the_name_of_the_hosts_api(vkp: Vkp, kubectl: Kubectl) -> None:
    vkp("cluster", "create", f"{kubectl.namespace}/demo", "--expose=nodeport")
    server = yaml.safe_load(Path(vkp.environment["KUBECONFIG"]).read_text())["clusters"][0]["cluster"]["server"]
    assert [f"//{name}:" in server for name in kubectl.get("clusters.k3k.io", "demo")["spec"]["tlsSANs"]] == [True]


def test_its_namespace_is_made_and_bound_to_the_policy(vkp: Vkp, kubectl: Kubectl) -> None:
    name = f"x{kubectl.namespace[-8:]}"
    kubectl.apply({"apiVersion": "k3k.io/v1beta1", "kind": "VirtualClusterPolicy", "metadata": {"name": name}})
    vkp("cluster", "create", name, "--policy", name)
    labels = kubectl.get("namespace", f"k3k-{name}")["metadata"]["labels"]
    assert labels["policy.k3k.io/policy-name"] == name
    assert kubectl.get("clusters.k3k.io", name, "-n", f"k3k-{name}")["spec"]["mode"] == "shared"
    vkp("cluster", "delete", name)
    kubectl("delete", "namespace", f"k3k-{name}", "--wait=false")
    kubectl("delete", "virtualclusterpolicy", name)


def test_a_namespace_that_is_there_is_bound_too_and_never_to_another_policy(vkp: Vkp, kubectl: Kubectl) -> None:
    blue, red = f"blue-{kubectl.namespace}", f"red-{kubectl.namespace}"
    for policy in (blue, red):
        kubectl.apply({"apiVersion": "k3k.io/v1beta1", "kind": "VirtualClusterPolicy", "metadata": {"name": policy}})
    vkp("cluster", "create", f"{kubectl.namespace}/one", "--policy", blue)
    refused = vkp.run("cluster", "create", f"{kubectl.namespace}/two", "--policy", red)
    kubectl("delete", "virtualclusterpolicy", blue, red)
    labels = kubectl.get("namespace", kubectl.namespace)["metadata"]["labels"]
    assert labels["policy.k3k.io/policy-name"] == blue
    assert (refused.exit_code, f"is bound to the policy {blue}, not {red}" in refused.stderr) == (Exit.FAILED, True)


def test_a_given_token_is_a_secret_that_goes_with_the_cluster(vkp: Vkp, kubectl: Kubectl) -> None:
    vkp("cluster", "create", f"{kubectl.namespace}/demo", "--token=open-sesame")
    cluster = kubectl.get("clusters.k3k.io", "demo")
    reference = cluster["spec"]["tokenSecretRef"]
    assert reference["namespace"] == kubectl.namespace
    secret = kubectl.get("secret", reference["name"])
    assert secret["data"] == {"token": "b3Blbi1zZXNhbWU="}
    assert [owner["uid"] for owner in secret["metadata"]["ownerReferences"]] == [cluster["metadata"]["uid"]]


def test_authorities_are_taken_from_a_folder(vkp: Vkp, kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "etcd").mkdir()
    for pair in ("server-ca", "client-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca"):
        (tmp_path / f"{pair}.crt").write_text(pair)
        (tmp_path / f"{pair}.key").write_text("key")
    incomplete = vkp.run("cluster", "create", f"{kubectl.namespace}/demo", "--custom-certs", str(tmp_path))
    assert (incomplete.exit_code, f"missing: {tmp_path}/service.key" in incomplete.stderr) == (Exit.USAGE, True)
    (tmp_path / "service.key").write_text("key")
    vkp("cluster", "create", f"{kubectl.namespace}/demo", "--custom-certs", str(tmp_path))
    sources = kubectl.get("clusters.k3k.io", "demo")["spec"]["customCAs"]["sources"]
    keys = {source: sorted(kubectl.get("secret", each["secretName"])["data"]) for source, each in sources.items()}
    assert keys.pop("serviceAccountToken") == ["tls.key"]
    assert set(map(tuple, keys.values())) == {("tls.crt", "tls.key")}
    assert len(keys) == 5


def test_what_is_refused_leaves_nothing_behind(vkp: Vkp, kubectl: Kubectl) -> None:
    taken = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "demo-service", "namespace": kubectl.namespace}}
    kubectl.apply(taken)
    before = kubectl("get", "secrets", "-o", "name")
    kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "demo-join-token"}})
    refused = vkp.run("cluster", "create", f"{kubectl.namespace}/demo", "--token=x")
    kubectl("delete", "secret", "demo-join-token")
    assert (refused.exit_code, "there is a Secret" in refused.stderr) == (Exit.FAILED, True)
    assert kubectl("get", "secrets", "-o", "name") == before
    assert kubectl("get", "clusters.k3k.io", "-o", "name") == ""


def test_the_same_again_is_refused_with_what_to_do(vkp: Vkp, kubectl: Kubectl) -> None:
    vkp("cluster", "create", f"{kubectl.namespace}/demo")
    again = vkp.run("cluster", "create", f"{kubectl.namespace}/demo")
    assert again.exit_code == Exit.FAILED
    assert f"vkp cluster update {kubectl.namespace}/demo" in again.stderr


@pytest.mark.parametrize("where", ["client", "server"])
def test_a_dry_run_prints_what_would_be_and_creates_nothing(vkp: Vkp, kubectl: Kubectl, where: str) -> None:
    printed = vkp.get("cluster", "create", f"{kubectl.namespace}/demo", "--servers=3", "--dry-run", where)
    clusters = printed.get("items", [printed])
    assert clusters[-1]["spec"]["servers"] == 3
    assert kubectl("get", "clusters.k3k.io", "-o", "name") == ""


def test_a_dry_run_needs_no_host(host_api: Api, tmp_path: Path) -> None:
    assert host_api
    lost = Vkp(tmp_path / "nowhere")
    assert lost.get("cluster", "create", "demo", "--dry-run=client")["items"][-1]["metadata"]["name"] == "demo"


def test_waiting_ends_when_it_is_ready(vkp: Vkp, kubectl: Kubectl) -> None:
    with Running(vkp, "cluster", "create", f"{kubectl.namespace}/demo", "--wait", "-o", "json") as waiting:
        wait_until_created(kubectl, "demo")
        set_status(kubectl, "demo", "Provisioning", message="the image is being pulled")
        set_status(kubectl, "demo", "Ready", reason="Provisioned")
        ended = waiting.end()
    assert ended.returncode == Exit.OK, ended.stderr
    assert yaml.safe_load(ended.stdout)["status"]["phase"] == "Ready"


def test_waiting_ends_when_it_is_stuck(vkp: Vkp, kubectl: Kubectl) -> None:
    with Running(vkp, "cluster", "create", f"{kubectl.namespace}/demo", "--wait") as waiting:
        wait_until_created(kubectl, "demo")
        set_status(kubectl, "demo", "Pending", reason="ValidationFailed", message="Secret extras is not there; make it")
        ended = waiting.end()
    assert ended.returncode == Exit.FAILED
    assert "is Pending: Secret extras is not there; make it" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_waiting_can_be_interrupted(vkp: Vkp, kubectl: Kubectl) -> None:
    with Running(vkp, "cluster", "create", f"{kubectl.namespace}/demo", "--wait") as waiting:
        wait_until_created(kubectl, "demo")
        waiting.interrupt()
        ended = waiting.end()
    assert ended.returncode == Exit.INTERRUPTED
    assert ended.stderr.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in ended.stderr


def test_waiting_ends_when_the_time_is_up(vkp: Vkp, kubectl: Kubectl) -> None:
    late = vkp.run("cluster", "create", f"{kubectl.namespace}/demo", "--wait", "--timeout=1s")
    assert late.exit_code == Exit.TIMED_OUT
    assert "no controller has looked at it yet" in late.stderr
    assert "vkp doctor" in late.stderr
