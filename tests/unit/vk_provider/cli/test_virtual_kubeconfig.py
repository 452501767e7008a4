from typing import Any

import pytest
import yaml

from vk_provider.cli.exits import Failure
from vk_provider.cli.virtual_kubeconfig import forwarded, renamed, served_at

SERVED = {"server": "https://10.43.0.7:443", "certificate-authority-data": "YQ=="}
STORED = yaml.safe_dump(
    {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "default", "cluster": SERVED}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "users": [{"name": "default", "user": {"token": "t"}}],
        "current-context": "default",
    }
)


def cluster(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)["clusters"][0]["cluster"]
    return found


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("api.example.com", "https://api.example.com"),
        ("api.example.com:6443", "https://api.example.com:6443"),
        ("https://api.example.com:6443", "https://api.example.com:6443"),
        ("[fd00::1]:6443", "https://[fd00::1]:6443"),
    ],
)
def test_it_can_be_served_at_another_place(server: str, expected: str) -> None:
    assert cluster(served_at(STORED, server)) == {"server": expected, "certificate-authority-data": "YQ=="}


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(Failure, match="neither HOST"):
        served_at(STORED, ":6443")


def test_through_a_forwarded_port_the_server_still_shows_its_own_name() -> None:
    assert cluster(forwarded(STORED, 40001)) == {
        "server": "https://127.0.0.1:40001",
        "certificate-authority-data": "YQ==",
        "tls-server-name": "10.43.0.7",
    }


def test_a_new_name_is_that_of_context_cluster_and_user() -> None:
    config = yaml.safe_load(renamed(STORED, "demo"))
    assert config["current-context"] == "demo"
    assert config["contexts"] == [{"name": "demo", "context": {"cluster": "demo", "user": "demo"}}]
    assert [config["clusters"][0]["name"], config["users"][0]["name"]] == ["demo", "demo"]
