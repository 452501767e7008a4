from pathlib import Path

import pytest

from sandbox import flags
from sandbox.binaries import Version
from sandbox.flags import ControlPlane
from sandbox.pki import Pki


def plane(
    tmp_path: Path, version: Version = (1, 36), *, controllers: bool = True, address: str = "198.18.0.1"
) -> ControlPlane:
    return ControlPlane(
        version=version,
        pki=Pki(tmp_path),
        address=address,
        port=6443,
        etcd="http://127.87.0.1:20000",
        services="10.128.0.0/16",
        controllers=controllers,
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param((1, 20), True, id="1.20"),
        pytest.param((1, 24), False, id="1.24"),
        pytest.param((1, 36), False, id="1.36"),
    ],
)
def test_the_insecure_port_is_closed_where_there_is_one(tmp_path: Path, version: Version, expected: bool) -> None:
    for component in (flags.controller_manager, flags.scheduler):
        arguments = component(plane(tmp_path, version), Path("k"), port=1, loopback="127.0.0.1")
        assert ("--port=0" in arguments) is expected


def test_pods_need_a_service_account_only_where_a_controller_makes_them(tmp_path: Path) -> None:
    off = "--disable-admission-plugins=ServiceAccount"
    assert off in flags.apiserver(plane(tmp_path, controllers=False))
    assert off not in flags.apiserver(plane(tmp_path, controllers=True))


def test_a_loopback_address_is_not_published_as_the_kubernetes_service(tmp_path: Path) -> None:
    none = "--endpoint-reconciler-type=none"
    assert none in flags.apiserver(plane(tmp_path, address="127.87.0.1"))
    assert none not in flags.apiserver(plane(tmp_path))


def test_the_api_server_authorises_as_real_clusters_do(tmp_path: Path) -> None:
    arguments = flags.apiserver(plane(tmp_path))
    assert {"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"} <= set(arguments)
    assert f"--requestheader-client-ca-file={tmp_path}/front-proxy-ca.crt" in arguments
