import tomllib
from pathlib import Path

import pytest

from sandbox import node_config
from sandbox.binaries import Version
from sandbox.node_config import NodeFacts


def facts(version: Version) -> NodeFacts:
    return NodeFacts(
        name="node-0",
        address="198.18.0.10",
        version=version,
        folder=Path("/state/nodes/node-0"),
        certificates=Path("/state/pki"),
        cgroup="vkp-0/node-0/pods",
        dns="10.128.0.10",
        pods="10.64.0.0/24",
        cluster_pods="10.64.0.0/16",
    )


@pytest.mark.parametrize(
    ("version", "on_command_line", "in_file"),
    [
        pytest.param((1, 20), {"--container-runtime", "--container-runtime-endpoint"}, set(), id="1.20"),
        pytest.param((1, 26), {"--container-runtime", "--container-runtime-endpoint"}, set(), id="1.26"),
        pytest.param((1, 27), set(), {"containerRuntimeEndpoint"}, id="1.27"),
        pytest.param((1, 31), set(), {"containerRuntimeEndpoint", "failCgroupV1"}, id="1.31"),
        pytest.param((1, 36), set(), {"containerRuntimeEndpoint", "failCgroupV1"}, id="1.36"),
    ],
)
def test_a_kubelet_is_told_of_its_runtime_where_its_version_looks(
    version: Version, on_command_line: set[str], in_file: set[str]
) -> None:
    arguments = node_config.kubelet_flags(facts(version), config=Path("c"), kubeconfig=Path("k"))
    moved = {"--container-runtime", "--container-runtime-endpoint"}
    assert {argument.partition("=")[0] for argument in arguments} & moved == on_command_line
    assert set(node_config.kubelet(facts(version))) & {"containerRuntimeEndpoint", "failCgroupV1"} == in_file


def test_a_kubelet_lets_nobody_in_unasked() -> None:
    configuration = node_config.kubelet(facts((1, 20)))
    assert configuration["authentication"]["anonymous"] == {"enabled": False}
    assert configuration["authentication"]["webhook"] == {"enabled": True}
    assert configuration["authorization"] == {"mode": "Webhook"}


def test_containerd_keeps_to_the_nodes_own_folders() -> None:
    programs = {"runc": Path("/cache/runc")}
    text = node_config.containerd(facts((1, 20)), programs=programs, cni_plugins=Path("/cache/cni"))
    plugin = tomllib.loads(text)["plugins"]["io.containerd.grpc.v1.cri"]
    assert plugin["cni"] == {"bin_dir": "/cache/cni", "conf_dir": "/state/nodes/node-0/cni"}
    assert plugin["registry"]["config_path"] == "/state/nodes/node-0/mirrors"
    assert plugin["containerd"]["runtimes"]["runc"]["options"]["BinaryName"] == "/cache/runc"


def test_pods_get_addresses_of_their_nodes_range() -> None:
    cable = node_config.cni(facts((1, 20)))["plugins"][0]
    assert (cable["type"], cable["ipam"]["ranges"]) == ("ptp", [[{"subnet": "10.64.0.0/24"}]])
