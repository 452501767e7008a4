from typing import Any

import msgspec
import pytest

from kube.codec import decode_object
from kube.objects import Object
from vk_provider.controller.host_facts import image_of, pod_ranges, range_in
from vk_provider.controller.settings import controller_settings
from vk_provider.settings import SettingsError

SIDECAR = {"name": "proxy", "image": "mesh:1"}


def made(kind: str, spec: dict[str, Any]) -> Object:
    return decode_object(
        msgspec.json.encode({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec})
    )


@pytest.mark.parametrize(
    ("refusal", "found"),
    [
        pytest.param(
            'Service "a" is invalid: spec.clusterIP: Invalid value: "0.0.0.1": provided IP is not in the valid range. '
            "The range of valid IPs is 10.43.0.0/16",
            "10.43.0.0/16",
            id="IPv4",
        ),
        pytest.param("The range of valid IPs is fd00:43::/112", "fd00:43::/112", id="IPv6"),
        pytest.param("spec.clusterIP: Invalid value", "", id="nothing said"),
    ],
)
def test_an_api_server_tells_its_range_of_addresses_when_it_refuses_one(refusal: str, found: str) -> None:
    assert range_in(refusal) == found


def test_nodes_tell_the_ranges_of_their_pods() -> None:
    specs: list[dict[str, Any]] = [
        {"podCIDR": "10.2.0.0/24"},
        {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24", "fd00::/64"]},
        {},
    ]
    nodes = [made("Node", spec) for spec in specs]
    assert pod_ranges([*nodes, nodes[0]]) == ("10.1.0.0/24", "10.2.0.0/24", "fd00::/64")


@pytest.mark.parametrize(
    "containers",
    [
        pytest.param([{"name": "controller", "image": "vkp:1"}], id="alone"),
        pytest.param([SIDECAR, {"name": "controller", "image": "vkp:1"}], id="behind a sidecar"),
        pytest.param([{"name": "renamed", "image": "vkp:1"}, SIDECAR], id="under another name"),
    ],
)
def test_the_image_of_a_controllers_pod_is_found(containers: list[dict[str, str]]) -> None:
    assert image_of(made("Pod", {"containers": containers})) == "vkp:1"


def test_without_an_image_the_pod_must_be_known() -> None:
    with pytest.raises(SettingsError, match="--provider-image: missing"):
        controller_settings([])
    assert controller_settings(["--pod=a"]).provider_image == ""
