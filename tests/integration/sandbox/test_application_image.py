import os
import re
import subprocess
from pathlib import Path

import pytest

from sandbox.application_image import add_application_images, application_layer
from sandbox.base_image import base_layer
from sandbox.images import ImageStore
from sandbox.progress import silent

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a Debian root is made by root")

LARGEST = 90_000_000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The images' file system."""
    folder = tmp_path_factory.mktemp("root")
    for layer in (base_layer(silent), application_layer(silent)):
        subprocess.run(["tar", "-xf", layer, "-C", folder], check=True)
    return folder


def run(root: Path, *command: str) -> str:
    return subprocess.run(["chroot", root, *command], capture_output=True, text=True, check=True).stdout


def test_the_layer_is_small_and_built_once() -> None:
    layer = application_layer(silent)
    assert layer.stat().st_size < LARGEST
    told: list[str] = []
    assert application_layer(told.append) == layer
    assert told == []


@pytest.mark.parametrize("program", ["redis-server", "redis-cli"])
def test_redis_runs(root: Path, program: str) -> None:
    assert re.search(r"[ =]7\.", run(root, program, "--version"))


@pytest.mark.parametrize("program", ["postgres", "initdb", "psql", "pg_isready", "pg_dump"])
def test_postgresql_runs(root: Path, program: str) -> None:
    assert "(PostgreSQL) 15." in run(root, f"/usr/lib/postgresql/15/bin/{program}", "--version")


def test_the_layer_has_nothing_that_the_test_image_has_but_the_users() -> None:
    below, above = (
        set(subprocess.run(["tar", "-tf", layer], capture_output=True, text=True, check=True).stdout.split())
        for layer in (base_layer(silent), application_layer(silent))
    )
    assert {name for name in below & above if not name.endswith("/")} == {"etc/passwd", "etc/group"}


def test_the_images_share_the_layer_of_the_test_image(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "store")
    names = add_application_images(store, silent)
    assert names == store.names() == ["docker.io/library/postgres:15", "docker.io/library/redis:7"]
    large = [file for file in (tmp_path / "store/blobs/sha256").iterdir() if file.stat().st_size > 1_000_000]
    assert len(large) == 2
