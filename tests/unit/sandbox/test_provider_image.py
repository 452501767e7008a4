"""What goes into our image, and what makes it another."""

import shutil
import tomllib
from pathlib import Path

import pytest

from sandbox import provider_image
from sandbox.provider_image import CONTEXT, COPIED, PROJECT, content_hash


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in CONTEXT:
        path = tmp_path / name
        if "." in name or name == "Dockerfile":
            path.write_text(name)
        else:
            path.mkdir()
            (path / "one.py").write_text(name)
    return tmp_path


def test_all_that_the_dockerfile_copies_is_let_in_and_nothing_else() -> None:
    let_in = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = [
        line.split()[1:-1] for line in (PROJECT / "Dockerfile").read_text().splitlines() if line.startswith("COPY ")
    ]
    copied = {word.partition("/")[0] for words in lines for word in words if not word.startswith(("-", "/"))}
    assert let_in == copied == set(COPIED)


def test_every_package_of_the_project_is_in_it() -> None:
    found = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {pattern.rstrip("*") for pattern in found} <= set(COPIED)


def test_what_is_installed_in_it_is_what_is_tested() -> None:
    assert _pins("requirements-run.lock") <= _pins("requirements.lock")


def _pins(name: str) -> set[str]:
    lines = (PROJECT / name).read_text().splitlines()
    return {line.partition(" ")[0] for line in lines if "==" in line}


def test_the_same_content_is_the_same_image(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    copy = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(project, copy)
    (copy / "README.md").write_text("not in it")
    (copy / "kube/__pycache__").mkdir()
    (copy / "kube/__pycache__/one.pyc").write_text("not in it either")
    assert content_hash(project) == content_hash(copy)


@pytest.mark.parametrize("name", CONTEXT)
def test_a_change_makes_another_image(project: Path, name: str) -> None:
    before = content_hash(project)
    path = project / name
    (path / "one.py" if path.is_dir() else path).write_text("changed")
    assert content_hash(project) != before


def test_a_program_that_may_run_now_makes_another_image(project: Path) -> None:
    before = content_hash(project)
    (project / "image/one.py").chmod(0o755)
    assert content_hash(project) != before


def test_the_image_has_a_fixed_name() -> None:
    assert provider_image.NAME == "docker.io/library/vk-provider:sandbox"
