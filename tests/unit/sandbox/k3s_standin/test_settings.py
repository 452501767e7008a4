"""What `k3s server` takes for said, and what it refuses to start with."""

from pathlib import Path

import pytest

from sandbox.k3s_standin import settings
from sandbox.k3s_standin.errors import FatalError


def test_flags_are_written_with_and_without_an_equals_sign() -> None:
    said = settings.read(["--token=a", "--data-dir", "/data", "--disable-agent", "-s", "https://other:6443"], {})
    assert [said.text(name) for name in ("token", "data-dir", "server")] == ["a", "/data", "https://other:6443"]
    assert said.switch("disable-agent")


def test_a_file_says_lists_numbers_and_switches(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("tls-san: [a, b]\ndisable: servicelb,traefik\nhttps-listen-port: 7443\ndisable-agent: true\n")
    said = settings.read([f"--config={file}"], {})
    assert said.listing("tls-san") == ["a", "b"]
    assert said.listing("disable") == ["servicelb", "traefik"]
    assert said.number("https-listen-port", 6443) == 7443
    assert said.switch("disable-agent")


def test_the_command_line_goes_before_files_and_these_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("token: from-file\ntls-san: [file]\n")
    environment = {"K3S_CONFIG_FILE": str(file), "K3S_TOKEN": "from-environment", "K3S_NODE_NAME": "me"}
    said = settings.read(["--tls-san=line"], environment)
    assert (said.text("token"), said.listing("tls-san"), said.text("node-name")) == ("from-file", ["line"], "me")


def test_what_is_dropped_in_replaces_or_with_a_plus_adds(tmp_path: Path) -> None:
    file, folder = tmp_path / "config.yaml", tmp_path / "config.yaml.d"
    folder.mkdir()
    file.write_text("tls-san: [a]\ndisable: [coredns]\n")
    (folder / "1.yaml").write_text("tls-san+: [b]\ndisable: [traefik]\n")
    said = settings.read([f"--config={file}"], {})
    assert (said.listing("tls-san"), said.listing("disable")) == (["a", "b"], ["traefik"])


def test_arguments_of_components_keep_their_commas() -> None:
    said = settings.read(["--kube-apiserver-arg=feature-gates=A=true,B=false"], {})
    assert said.arguments("kube-apiserver-arg") == ["feature-gates=A=true,B=false"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["--no-such-flag"], "flag provided but not defined: --no-such-flag", id="unknown"),
        pytest.param(["server"], "flag provided but not defined: server", id="no-flag"),
        pytest.param(["--token"], "flag needs an argument: --token", id="no-value"),
        pytest.param(["--disable-agent=perhaps"], 'invalid boolean value "perhaps"', id="no-boolean"),
        pytest.param(["--egress-selector-mode=off"], "invalid egress-selector-mode off", id="no-mode"),
        pytest.param(["--config=/nowhere.yaml"], "failed to load config file /nowhere.yaml", id="no-file"),
    ],
)
def test_what_it_does_not_understand_ends_it(arguments: list[str], reason: str) -> None:
    with pytest.raises(FatalError, match=reason):
        settings.read(arguments, {})


def test_an_unknown_key_of_a_file_ends_it_by_name(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("disable-agnet: true\n")
    with pytest.raises(FatalError, match=r"unknown keys in .*: disable-agnet"):
        settings.read([f"--config={file}"], {})
