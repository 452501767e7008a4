"""What `kubectl apply -k manifests/` brings to a cluster, and that it is what `vkp install` brings."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.session import ApiServer
from tests.cluster_fixtures import Api
from tests.integration.install.kinds import identities, install_kinds, need_rules, wait_for_kinds
from tests.kubectl import Kubectl
from vk_provider.install.alerts import rules
from vk_provider.install.dashboard import dashboard
from vk_provider.install.objects import objects
from vk_provider.install.options import NAME, NAMESPACE, Options
from vk_provider.install.write import MANIFESTS

ELSEWHERE = "elsewhere"
MONITORING = "monitoring.coreos.com"


@pytest.fixture(scope="module")
def kubectl(host_api_server: ApiServer) -> Kubectl:
    install_kinds(host_api_server)
    return Kubectl(host_api_server.kubectl, host_api_server.kubeconfig, NAMESPACE)


def built(kubectl: Kubectl, folder: Path) -> list[dict[str, Any]]:
    return list(yaml.load_all(kubectl("kustomize", str(folder)), Loader=yaml.CSafeLoader))


def over(folder: Path, overlay: str, **more: object) -> Path:
    """A user's own overlay over one of ours."""
    base = os.path.relpath((MANIFESTS / overlay).resolve(), folder.resolve())
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [base], **more}))
    return folder


@pytest.mark.parametrize(
    ("overlay", "options"),
    [
        pytest.param(".", Options(), id="base"),
        pytest.param("overlays/cel", Options(rules=True), id="rules in CEL"),
        pytest.param("overlays/one-namespace", Options(one_namespace=True), id="one namespace"),
    ],
)
def test_kustomize_makes_what_the_installer_makes(kubectl: Kubectl, overlay: str, options: Options) -> None:
    assert identities(built(kubectl, MANIFESTS / overlay)) == identities(objects(options))


def test_the_one_namespace_may_be_another(kubectl: Kubectl, tmp_path: Path) -> None:
    folder = over(tmp_path, "overlays/one-namespace", namespace=ELSEWHERE)
    expected = objects(Options(one_namespace=True, namespace=ELSEWHERE))
    assert identities(built(kubectl, folder)) == identities(expected)


def test_everything_is_applied_and_applied_again_without_a_change(kubectl: Kubectl) -> None:
    kubectl("apply", "-k", str(MANIFESTS))
    assert {line.rpartition(" ")[2] for line in kubectl("apply", "-k", str(MANIFESTS)).splitlines()} == {"unchanged"}
    deployment = kubectl.get(f"deployment/{NAME}")
    assert deployment["spec"]["replicas"] == 2


@pytest.mark.usefixtures("kubectl")
def test_one_namespace_is_applied(host_api: Api, tmp_path: Path) -> None:
    here = Kubectl(host_api.server.kubectl, host_api.kubeconfig, host_api.namespace)
    here("apply", "-k", str(over(tmp_path, "overlays/one-namespace", namespace=host_api.namespace)))
    (container,) = here.get(f"deployment/{NAME}")["spec"]["template"]["spec"]["containers"]
    assert "VKP_NAMESPACES" in {variable["name"] for variable in container["env"]}


def test_monitors_alerts_and_a_dashboard_are_applied_where_their_kinds_are(kubectl: Kubectl) -> None:
    kubectl.apply(*(monitoring_kind(kind, plural) for kind, plural in MONITORS.items()))
    wait_for_kinds(kubectl, *(f"{plural}.{MONITORING}" for plural in MONITORS.values()))
    kubectl("apply", "-k", str(MANIFESTS / "overlays/metrics"))
    ports = {port["name"] for port in kubectl.get(f"service/{NAME}")["spec"]["ports"]}
    monitor = kubectl.get(f"servicemonitors/{NAME}")
    assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} == ports
    assert kubectl.get("prometheusrules/vk-provider")["spec"] == rules()
    boards = kubectl.get("configmaps", "-l", "grafana_dashboard=1")["items"]
    assert [json.loads(board["data"]["dashboard.json"]) for board in boards] == [dashboard()]


def test_rules_are_applied_where_they_are_known(kubectl: Kubectl, host_api_server: ApiServer) -> None:
    need_rules(host_api_server)
    kubectl("apply", "-k", str(MANIFESTS / "overlays/cel"))


def test_the_examples_are_applied(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", str(MANIFESTS / "examples"))


MONITORS = {"ServiceMonitor": "servicemonitors", "PodMonitor": "podmonitors", "PrometheusRule": "prometheusrules"}


def monitoring_kind(kind: str, plural: str) -> dict[str, Any]:
    """As much of a definition of Prometheus' operator as a manifest needs."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{MONITORING}"},
        "spec": {"group": MONITORING, "scope": "Namespaced", "names": names, "versions": [version]},
    }
