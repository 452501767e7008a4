from pathlib import Path

import pytest

from sandbox import binaries
from sandbox.errors import SandboxError
from sandbox.progress import silent


def program(folder: Path, name: str, answer: str = "Kubernetes v1.36.4") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "assets"
    program(folder, "kube-apiserver")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
    return folder


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return folder


def test_assets_come_before_the_path(path: Path, assets: Path) -> None:
    program(path, "kube-apiserver", "Kubernetes v1.20.2")
    found = binaries.find(silent)
    assert (found.kubernetes, found.version()) == (assets, (1, 36))


def test_the_path_comes_before_the_cache(path: Path) -> None:
    program(path, "kube-apiserver", "Kubernetes v1.29.0+k3s1")
    found = binaries.find(silent)
    assert (found.kubernetes, found.version()) == (path, (1, 29))


def test_components_of_two_places_are_never_mixed(path: Path, assets: Path) -> None:
    program(path, "kubelet")
    with pytest.raises(SandboxError, match="no kubelet, and versions must agree; put kubelet there"):
        binaries.find(silent).component("kubelet")
    assert assets.is_dir()


def test_assets_without_an_api_server_are_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(path))
    with pytest.raises(SandboxError, match="has no kube-apiserver; correct it or unset it"):
        binaries.find(silent)


def test_a_program_that_does_not_run_is_an_error(path: Path) -> None:
    program(path, "kube-apiserver", "what?")
    with pytest.raises(SandboxError, match="names no version; replace it"):
        binaries.find(silent).version()


def test_tools_too_come_from_the_assets_first(path: Path, assets: Path) -> None:
    program(path, "etcd")
    assert binaries.find(silent).tool("etcd") == path / "etcd"
    program(assets, "etcd")
    assert binaries.find(silent).tool("etcd") == assets / "etcd"


def test_a_kubelet_that_insists_on_containerd_2_gets_one(path: Path, assets: Path) -> None:
    program(path, "containerd", "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1")
    program(assets, "containerd", "containerd github.com/containerd/containerd/v2 2.1.9+unknown ")
    assert binaries.find(silent).tool("ctr") == assets / "ctr"
