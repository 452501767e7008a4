from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube.errors import CredentialsError
from vk_provider.cli.kubeconfigs import kubeconfig_files, merge, one_file


def config(name: str, **more: Any) -> dict[str, Any]:
    return {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "users": [{"name": name, "user": {"token": name}}],
        **more,
    }


@pytest.mark.parametrize(
    ("option", "environment", "expected"),
    [
        pytest.param("a", {"VKP_HOST_KUBECONFIG": "b", "KUBECONFIG": "c"}, ["a"], id="the option first"),
        pytest.param(None, {"VKP_HOST_KUBECONFIG": "b", "KUBECONFIG": "c"}, ["b"], id="inside of vkp connect"),
        pytest.param(None, {"KUBECONFIG": "c"}, ["c"], id="as kubectl"),
        pytest.param(None, {"KUBECONFIG": "", "HOME": "/nobody"}, ["/nobody/.kube/config"], id="the usual place"),
        pytest.param(None, {"HOME": "/nobody", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, [], id="in a pod"),
    ],
)
def test_the_kubeconfig_is_chosen(option: str | None, environment: Mapping[str, str], expected: list[str]) -> None:
    assert [str(path) for path in kubeconfig_files(option, environment)] == expected


def test_of_several_files_those_count_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    said = f"{tmp_path / 'a'}:{tmp_path / 'b'}:{tmp_path / 'c'}"
    assert kubeconfig_files(None, {"KUBECONFIG": said}) == [tmp_path / "b"]


def test_who_says_something_first_is_right() -> None:
    second = config("one", **{"current-context": "two"})
    second["clusters"] = [{"name": "one", "cluster": {"server": "https://wrong"}}, *config("two")["clusters"]]
    merged = merge([(Path("/x"), config("one")), (Path("/y"), second)])
    assert merged["current-context"] == "two"
    assert [entry["cluster"]["server"] for entry in merged["clusters"]] == ["https://one", "https://two"]


def test_paths_stay_relative_to_the_file_that_has_them() -> None:
    first = config("one")
    first["clusters"][0]["cluster"]["certificate-authority"] = "ca.crt"
    first["users"][0]["user"] = {
        "client-certificate": "/abs/tls.crt",
        "tokenFile": "token",
        "exec": {"command": "./login"},
    }
    merged = merge([(Path("/home/me"), first), (Path("/y"), config("two"))])
    assert merged["clusters"][0]["cluster"]["certificate-authority"] == "/home/me/ca.crt"
    assert merged["users"][0]["user"] == {
        "client-certificate": "/abs/tls.crt",
        "tokenFile": "/home/me/token",
        "exec": {"command": "/home/me/login"},
    }


def test_several_files_are_one_that_only_this_user_may_read(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(yaml.safe_dump(config(name)))
    with one_file([tmp_path / "one", tmp_path / "two"]) as merged:
        assert merged.stat().st_mode & 0o777 == 0o600
        assert [entry["name"] for entry in yaml.safe_load(merged.read_text())["users"]] == ["one", "two"]
    assert not merged.exists()


@pytest.mark.parametrize("text", ["[", "a list: [", "[1]", "clusters: [1]", "clusters: 3", "\x00"])
def test_what_is_no_kubeconfig_is_told_with_the_files_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "good").write_text(yaml.safe_dump(config("one")))
    (tmp_path / "bad").write_text(text)
    with pytest.raises(CredentialsError, match="bad"), one_file([tmp_path / "good", tmp_path / "bad"]):
        pass


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="nowhere: there is no such file"), one_file([tmp_path / "nowhere"]):
        pass
