from pathlib import Path

import pytest
import yaml

from tests.integration.cli.commands import Vkp
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit

STORED = """\
apiVersion: v1
kind: Config
clusters: [{name: default, cluster: {server: "https://10.43.0.7"}}]
contexts: [{name: default, context: {cluster: default, user: default}}]
users: [{name: default, user: {token: t}}]
current-context: default
"""


@pytest.fixture
def demo(vkp: Vkp, kubectl: Kubectl) -> str:
    """A Cluster with a kubeconfig, as K3k and our controller leave one."""
    vkp("cluster", "create", f"{kubectl.namespace}/demo")
    metadata = {"name": "k3k-demo-kubeconfig"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"kubeconfig.yaml": STORED}}
    kubectl.apply(secret)
    return f"{kubectl.namespace}/demo"


def test_it_is_printed_as_it_is(vkp: Vkp, demo: str) -> None:
    assert vkp("kubeconfig", "get", demo) == STORED


def test_it_is_written_for_this_user_alone(vkp: Vkp, demo: str, tmp_path: Path) -> None:
    file = tmp_path / "demo.kubeconfig"
    file.write_text("what was there before")
    file.chmod(0o644)
    assert vkp("kubeconfig", "get", demo, "--write", str(file)) == ""
    assert (file.read_text(), file.stat().st_mode & 0o777) == (STORED, 0o600)


def test_it_can_have_another_name_and_server(vkp: Vkp, demo: str) -> None:
    config = yaml.safe_load(vkp("kubeconfig", "get", demo, "--context-name=demo", "--kubeconfig-server=a.example.com"))
    assert config["current-context"] == "demo"
    assert config["clusters"][0]["cluster"]["server"] == "https://a.example.com"


def test_it_cannot_be_written_everywhere(vkp: Vkp, demo: str, tmp_path: Path) -> None:
    refused = vkp.run("kubeconfig", "get", demo, "--write", str(tmp_path / "no" / "folder"))
    assert (refused.exit_code, "cannot be written" in refused.stderr) == (Exit.FAILED, True)


def test_before_it_is_there_it_is_said_how_to_wait(vkp: Vkp, kubectl: Kubectl) -> None:
    vkp("cluster", "create", f"{kubectl.namespace}/new")
    early = vkp.run("kubeconfig", "get", f"{kubectl.namespace}/new")
    assert early.exit_code == Exit.FAILED
    assert f"vkp kubeconfig get {kubectl.namespace}/new --wait" in early.stderr
