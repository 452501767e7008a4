import os
import subprocess
from pathlib import Path

import pytest

from sandbox.base_image import add_base_images, base_layer
from sandbox.images import ImageStore
from sandbox.progress import silent

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a Debian root is made by root")

LARGEST = 70_000_000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test image's file system."""
    folder = tmp_path_factory.mktemp("root")
    subprocess.run(["tar", "-xf", base_layer(silent), "-C", folder], check=True)
    return folder


def run(root: Path, *command: str) -> str:
    return subprocess.run(["chroot", root, *command], capture_output=True, text=True, check=True).stdout


def test_the_layer_is_small_and_built_once() -> None:
    layer = base_layer(silent)
    assert layer.stat().st_size < LARGEST
    told: list[str] = []
    assert base_layer(told.append) == layer
    assert told == []


@pytest.mark.parametrize("program", ["sh", "ls", "wget", "nslookup", "nc", "httpd", "vi", "ps", "curl", "python3"])
def test_the_tools_that_tests_use_are_there(root: Path, program: str) -> None:
    assert run(root, "sh", "-c", f"command -v {program}").strip()


def test_programs_run_that_need_libraries(root: Path) -> None:
    assert run(root, "curl", "--version").startswith("curl ")
    assert run(root, "python3", "-c", "import http.server, json, sqlite3, ssl; print('ok')") == "ok\n"
    assert "--port" in run(root, "echo-server", "--help")


def test_nothing_of_this_machine_is_in_it(root: Path) -> None:
    assert not [name for name in ("hostname", "resolv.conf", "apt") if (root / "etc" / name).exists()]


def test_names_are_looked_up_in_hosts_first(root: Path) -> None:
    assert "hosts: files dns" in (root / "etc/nsswitch.conf").read_text()


def test_every_name_is_in_the_store_and_all_share_the_layer(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "store")
    add_base_images(store, silent)
    assert {"docker.io/library/busybox:latest", "docker.io/library/python:3.11", "sandbox.local/pause:1"} <= set(
        store.names()
    )
    large = [file for file in (tmp_path / "store/blobs/sha256").iterdir() if file.stat().st_size > 1_000_000]
    assert len(large) == 1
