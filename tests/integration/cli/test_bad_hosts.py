"""Whatever the host cluster is or is not: a few lines that say what to do, an exit code, and never a traceback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from tests.cluster_fixtures import Api, NewApiServer
from tests.integration.cli.commands import Vkp
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit

Change = Callable[[dict[str, Any]], None]
COMMANDS = [
    pytest.param(["cluster", "list"], id="list"),
    pytest.param(["cluster", "get", "demo"], id="get"),
    pytest.param(["cluster", "create", "demo", "--wait"], id="create"),
    pytest.param(["cluster", "delete", "demo"], id="delete"),
    pytest.param(["cluster", "describe", "demo"], id="describe"),
    pytest.param(["cluster", "update", "demo", "--servers=3"], id="update"),
    pytest.param(["kubeconfig", "get", "demo"], id="kubeconfig"),
    pytest.param(["connect", "demo", "--", "true"], id="connect"),
    pytest.param(["status", "demo", "--once"], id="status"),
]
OF_THE_HOST = [
    pytest.param(["install"], id="install"),
    pytest.param(["uninstall"], id="uninstall"),
    pytest.param(["doctor"], id="doctor"),
]


def changed(api: Api, folder: Path, change: Change) -> Path:
    """The API server's kubeconfig with a change."""
    config = yaml.safe_load(api.kubeconfig.read_text())
    change(config)
    file = folder / "changed.kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file


def unreachable(config: dict[str, Any]) -> None:
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"


def another_authority(config: dict[str, Any]) -> None:
    del config["clusters"][0]["cluster"]["certificate-authority-data"]


def bad_token(config: dict[str, Any]) -> None:
    config["users"][0]["user"] = {"token": "nonsense"}


def no_context(config: dict[str, Any]) -> None:
    config["current-context"] = "nowhere"


def assert_is_told(done: Result, code: Exit, what: str) -> None:
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    assert what in done.stderr
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [*COMMANDS, *OF_THE_HOST])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(unreachable, "does not answer", id="unreachable"),
        pytest.param(another_authority, "does not answer", id="another authority"),
        pytest.param(bad_token, "does not accept these credentials", id="bad token"),
        pytest.param(no_context, "no way into the host cluster", id="no such context"),
    ],
)
def test_no_way_in(host_api: Api, tmp_path: Path, change: Change, told: str, command: list[str]) -> None:
    assert_is_told(Vkp(changed(host_api, tmp_path, change)).run(*command), Exit.NO_ACCESS, told)


@pytest.mark.parametrize("text", ["", "[", "apiVersion: v1", "clusters: {}"])
def test_no_kubeconfig(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    assert_is_told(Vkp(file).run("cluster", "list"), Exit.NO_ACCESS, "no way into the host cluster")


@pytest.fixture
def nobody(kinds: None, host_api: Api, tmp_path: Path) -> Vkp:
    """Somebody whom the host knows, and who may do nothing."""
    assert kinds is None
    kubectl = Kubectl(host_api.server.kubectl, host_api.kubeconfig, host_api.namespace)
    kubectl("create", "serviceaccount", "nobody")
    path = f"/api/v1/namespaces/{host_api.namespace}/serviceaccounts/nobody/token"
    request = b'{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}'
    token = yaml.safe_load(kubectl("create", "--raw", path, "-f", "-", stdin=request))["status"]["token"]

    def with_token(config: dict[str, Any]) -> None:
        config["users"][0]["user"] = {"token": token}

    return Vkp(changed(host_api, tmp_path, with_token))


@pytest.mark.parametrize("command", [*COMMANDS, *OF_THE_HOST[:2]])
def test_no_rights(nobody: Vkp, command: list[str]) -> None:
    assert_is_told(nobody.run(*command), Exit.NO_ACCESS, 'nobody" cannot')


def test_what_may_not_be_seen_is_no_fault_of_the_host(nobody: Vkp) -> None:
    done = nobody.run("doctor")
    assert done.exit_code == Exit.OK
    assert "may not install vk-provider, may not create Clusters" in done.stdout
    assert "Clusters: not to be seen with these rights" in done.stdout


def test_an_api_server_that_does_not_know_our_kinds(new_api_server: NewApiServer) -> None:
    server = new_api_server()
    for parameters in COMMANDS:
        command = parameters.values[0]
        assert isinstance(command, list)
        assert_is_told(Vkp(server.kubeconfig).run(*command), Exit.FAILED, "vkp install")
    server.remove()
