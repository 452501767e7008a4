from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from vk_provider.cli.root import main

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web, k3k.io/cluster: other}}
spec:
  fancy: 1
  containers: [{name: main, image: nginx}]
"""
PRIVILEGED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    spec: {containers: [{name: main, image: nginx, securityContext: {privileged: true}}]}
"""


def translate(manifest: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["translate", "-f", "-", *options], input=manifest)


def objects(result: Result) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(result.stdout) if document]


def comments(result: Result) -> str:
    return "\n".join(line for line in result.stdout.splitlines() if line.startswith("#"))


def test_a_pod_is_shown_as_it_is_on_the_host_and_what_it_lacks_is_said() -> None:
    result = translate(POD, "--cluster", "demo")
    [host] = objects(result)
    assert result.exit_code == 0
    assert host["metadata"]["namespace"] == "k3k-demo"
    assert host["metadata"]["name"].startswith("web-default-demo-")
    assert host["metadata"]["labels"]["k3k.io/cluster"] == "demo"
    assert "spec.fancy" in comments(result)
    assert "metadata.labels[k3k.io/cluster]" in comments(result)


def test_options_say_what_the_provider_would_know() -> None:
    [host] = objects(translate(POD, "-n", "shop", "--host-namespace", "vc", "--dns-address", "10.43.0.10"))
    assert host["metadata"]["namespace"] == "vc"
    assert host["spec"]["dnsConfig"]["searches"][0] == "shop.svc.cluster.local"


def test_a_workload_is_shown_by_one_of_its_pods() -> None:
    result = translate(PRIVILEGED, "--allow", "privileged")
    assert "Deployment api stays in the virtual cluster" in comments(result)
    assert objects(result)[0]["spec"]["containers"][0]["securityContext"]["privileged"]


def test_what_is_refused_is_said_and_ends_with_1() -> None:
    result = translate(PRIVILEGED)
    assert result.exit_code == 1
    assert objects(result) == []
    assert "spec.containers[0].securityContext.privileged" in comments(result)


def test_a_secret_is_shown_with_the_data_that_an_api_server_would_make_of_its_texts() -> None:
    [host] = objects(translate("{kind: Secret, metadata: {name: keys}, stringData: {key: s3cret}}"))
    assert (host["data"], host["type"]) == ({"key": "czNjcmV0"}, "Opaque")


def test_what_is_on_the_host_for_a_pod_beside_it_is_said() -> None:
    sources = [{"serviceAccountToken": {"path": "token"}}, {"configMap": {"name": "kube-root-ca.crt"}}]
    pod = yaml.safe_load(POD)
    pod["spec"]["volumes"] = [{"name": "api", "projected": {"sources": sources}}]
    said = comments(translate(yaml.safe_dump(pod)))
    assert "# with it: ConfigMap default/kube-root-ca.crt -> ConfigMap kube-root-ca-crt-default-virtual-" in said
    assert "# with it: its service account tokens -> Secret web-default-virtual-" in said


CLAIM = """
kind: PersistentVolumeClaim
metadata: {name: data, uid: v1}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, volumeName: %s}
"""


def test_a_live_claim_is_shown_as_it_was_asked_for() -> None:
    [host] = objects(translate(CLAIM % "pvc-v1"))
    assert host["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    refused = translate(CLAIM % "mine")
    assert refused.exit_code == 1
    assert "spec.volumeName" in comments(refused)


def test_a_policy_and_an_ingress_are_shown_with_what_is_not_known_of_them() -> None:
    peer = "{namespaceSelector: {matchLabels: {team: a}}}"
    policy = f"{{kind: NetworkPolicy, metadata: {{name: guard}}, spec: {{ingress: [{{from: [{peer}]}}]}}}}"
    result = translate(policy)
    assert objects(result)[0]["spec"]["policyTypes"] == ["Ingress"]
    assert "of which none are known here" in comments(result)
    backend = "{service: {name: web, port: {number: 80}}}"
    [host] = objects(translate(f"{{kind: Ingress, metadata: {{name: front}}, spec: {{defaultBackend: {backend}}}}}"))
    assert host["spec"]["defaultBackend"]["service"]["name"].startswith("web-default-virtual-")


def test_what_is_not_reflected_stays() -> None:
    result = translate("{kind: Role, metadata: {name: reader}}")
    assert comments(result) == "# Role default/reader: stays in the virtual cluster"


def test_lists_and_several_documents_are_taken_apart() -> None:
    items = [yaml.safe_load(POD), yaml.safe_load(POD) | {"metadata": {"name": "other"}}]
    several = yaml.safe_dump_all([{"kind": "List", "items": items}, yaml.safe_load(POD)])
    assert len(objects(translate(several))) == 3


@pytest.mark.parametrize(
    ("manifest", "options", "said"),
    [
        pytest.param("", [], "standard input: there is nothing in it", id="nothing"),
        pytest.param("a: [", [], "standard input: is no YAML", id="no YAML"),
        pytest.param("just words", [], "document 1: is no Kubernetes object", id="no object"),
        pytest.param("kind: Pod", [], "metadata.name", id="no name"),
        pytest.param(POD, ["--api-server", "here"], "IP:PORT", id="no endpoint"),
        pytest.param(POD, ["--host-version", "new"], "--host-version", id="no release"),
    ],
)
def test_mistakes_are_told_in_a_line(manifest: str, options: list[str], said: str) -> None:
    result = translate(manifest, *options)
    assert result.exit_code != 0
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["translate", "-f", str(tmp_path / "missing.yaml")])
    assert result.exit_code == 1
    assert "missing.yaml: cannot be read (No such file or directory)" in result.stderr
