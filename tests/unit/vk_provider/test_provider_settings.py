from pathlib import Path

import pytest

from kube.objects import Key
from vk_provider.provider.grants import Grant
from vk_provider.provider.settings import ProviderSettings, provider_settings
from vk_provider.settings import SettingsError

NEEDED = {
    "cluster": "tenant",
    "host-namespace": "vc-tenant",
    "virtual-kubeconfig": "/dev/null",
    "kubelet-address": "10.43.7.7",
    "kubelet-certificate": "/dev/null",
    "kubelet-key": "/dev/null",
    "kubelet-client-ca": "/dev/null",
    "api-server": "10.43.0.1:6443",
}


def flags(**changes: str) -> list[str]:
    values = NEEDED | {name.replace("_", "-"): value for name, value in changes.items()}
    return [f"--{name}={value}" for name, value in values.items()]


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ProviderSettings.__struct_fields__:
        monkeypatch.delenv(f"VKP_{name.upper()}", raising=False)
    monkeypatch.delenv("VKP_CONFIG", raising=False)


def test_what_is_needed_is_enough() -> None:
    settings = provider_settings(flags())
    assert settings.node == "tenant"
    assert (settings.api_server_ip, settings.api_server_port) == ("10.43.0.1", 6443)
    assert settings.allow == ()


def test_the_lease_is_named_after_the_cluster_and_lies_on_the_host() -> None:
    assert provider_settings(flags()).lease == Key("vc-tenant", "k3k-tenant-provider")


def test_an_ipv6_api_server_is_written_in_brackets() -> None:
    settings = provider_settings(flags(api_server="[fd00::1]:6443"))
    assert (settings.api_server_ip, settings.api_server_port) == ("fd00::1", 6443)


def test_host_nodes_are_named_by_their_labels() -> None:
    assert provider_settings(flags()).host_node_labels == {}
    settings = provider_settings(flags(host_node_selector="pool=tenants, example.com/disk=fast,empty="))
    assert settings.host_node_labels == {"pool": "tenants", "example.com/disk": "fast", "empty": ""}


def test_flags_come_before_variables_and_those_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "provider.yaml"
    file.write_text("nodeName: of-file\nworkers: 3\nallow: [hostPath]\nkubeletPort: 1\n")
    monkeypatch.setenv("VKP_NODE_NAME", "of-variable")
    monkeypatch.setenv("VKP_KUBELET_PORT", "2")
    settings = provider_settings([*flags(), f"--config={file}", "--kubelet-port=3"])
    assert (settings.node, settings.workers, settings.kubelet_port) == ("of-variable", 3, 3)
    assert settings.allow == (Grant.HOST_PATH,)


def test_lists_are_written_with_commas() -> None:
    assert provider_settings(flags(allow="hostPath, privileged")).allow == (Grant.HOST_PATH, Grant.PRIVILEGED)


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        pytest.param(
            {"host_node_selector": "pool in (a)"}, "--host-node-selector: 'pool in (a)' is not of the form", id="labels"
        ),
        pytest.param({"cluster": "A_B"}, "--cluster: 'A_B' is no DNS label; ", id="cluster"),
        pytest.param({"host_namespace": "x" * 64}, f"--host-namespace: '{'x' * 64}' is no DNS label", id="namespace"),
        pytest.param({"node_name": "-x"}, "--node-name: '-x' is no DNS name; ", id="node"),
        pytest.param({"kubelet_address": "node"}, "--kubelet-address: 'node' is no IP address", id="no address"),
        pytest.param({"kubelet_address": "127.0.0.1"}, "--kubelet-address: API servers do not connect", id="loopback"),
        pytest.param({"kubelet_port": "65536"}, "--kubelet-port: Expected `int` <= 65535, and not '65536'", id="port"),
        pytest.param({"dns_address": "dns"}, "--dns-address: 'dns' is no IP address", id="dns"),
        pytest.param(
            {"api_server": "k3s:6443"}, "--api-server: 'k3s:6443' is not of the form IP:PORT", id="api server"
        ),
        pytest.param({"api_server": "10.0.0.1"}, "--api-server: '10.0.0.1' is not of the form IP:PORT", id="no port"),
        pytest.param({"kubelet_key": "/nowhere"}, "--kubelet-key: cannot read /nowhere (No such file", id="file"),
        pytest.param({"host_kubeconfig": "/nowhere"}, "--host-kubeconfig: cannot read /nowhere", id="optional file"),
        pytest.param({"allow": "everything"}, "--allow: Invalid enum value 'everything'", id="grant"),
        pytest.param({"workers": "0"}, "--workers: Expected `int` >= 1, and not '0'", id="workers"),
        pytest.param({"log_format": "xml"}, "--log-format: Invalid enum value 'xml'", id="log format"),
    ],
)
def test_a_mistake_names_the_setting_and_what_is_wrong(changes: dict[str, str], mistake: str) -> None:
    with pytest.raises(SettingsError) as raised:
        provider_settings(flags(**changes))
    assert len(raised.value.mistakes) == 1
    assert raised.value.mistakes[0].startswith(mistake)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        provider_settings(["--cluster=?", "--kubelet-port=many", "--kubelet-key=/nowhere"])
    told = {mistake.partition(":")[0] for mistake in raised.value.mistakes}
    missing = {f"--{name}" for name in NEEDED} - {"--cluster", "--kubelet-key"}
    assert told == {"--cluster", "--kubelet-port", "--kubelet-key", *missing}


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        pytest.param("- a", "is no mapping of settings to values", id="a list"),
        pytest.param("nodename: x", "nodename: no such setting in ", id="unknown key"),
        pytest.param("a: [", "cannot be read: ", id="no YAML"),
    ],
)
def test_a_bad_file_is_a_mistake(tmp_path: Path, content: str, mistake: str) -> None:
    file = tmp_path / "provider.yaml"
    file.write_text(content)
    with pytest.raises(SettingsError, match=mistake):
        provider_settings([*flags(), f"--config={file}"])


def test_a_file_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match="--config /nowhere: cannot be read"):
        provider_settings([*flags(), "--config=/nowhere"])


def test_an_abbreviated_flag_is_not_guessed() -> None:
    with pytest.raises(SystemExit):
        provider_settings([*flags(), "--node=x"])
