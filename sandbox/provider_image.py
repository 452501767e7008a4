"""Our own image, `vk-provider:sandbox`: the repository's Dockerfile, built by buildah on bases that are made here.

What is promised: an image of the same content is built once; after a change of the program little more than its own
layer is built anew; how this machine reaches its package index is known during the build and left nowhere.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from sandbox import debian, disk_errors, pip_settings, provider_bases
from sandbox.image_names import parse_image_name
from sandbox.images import ImageStore
from sandbox.layout import cache_dir
from sandbox.locking import exclusive
from sandbox.progress import Progress

NAME = str(parse_image_name("vk-provider:sandbox"))
PROJECT = Path(__file__).parents[1]
COPIED = ("image", "kube", "node", "reflectors", "vk_provider", "pyproject.toml", "requirements-run.lock")
CONTEXT = ("Dockerfile", ".dockerignore", *COPIED)
SPACE_GB = 2.0
KEPT = 3  # archives: this working tree's, and those of one or two others
LAYERS_KEPT = 200  # in buildah's storage, some MB each; then it begins anew


def add_provider_image(store: ImageStore, progress: Progress) -> list[str]:
    """Put the image of the program as it is now into the store; returns its full name."""
    return store.load(built_image(progress))


def built_image(progress: Progress) -> Path:
    """The image as an archive in the cache, built now unless it is there (a minute; after a change some seconds)."""
    home = cache_dir() / "provider-image"
    target = home / content_hash(PROJECT) / "image.tar"
    if not target.exists():
        debian.ensure_tools(["buildah"], progress)
        with disk_errors.explained(home), exclusive(home / "lock", doing="building our image", progress=progress):
            if not target.exists():
                debian.require_space(home, SPACE_GB, "building our image")
                _build(_Buildah(home), target, progress)
    target.parent.touch()  # it is in use: others are forgotten first
    _forget(home)
    return target


def content_hash(project: Path) -> str:
    """Of everything that goes into the image."""
    digest = hashlib.sha256(provider_bases.digest().encode())
    for file in context_files(project):
        digest.update(f"{file.relative_to(project)}\0{file.stat().st_mode & 0o111}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def context_files(project: Path) -> list[Path]:
    """What the Dockerfile copies, and itself."""
    named = [project / name for name in CONTEXT]
    files = [file for path in named for file in (path.rglob("*") if path.is_dir() else [path])]
    return sorted(file for file in files if file.is_file() and file.suffix != ".pyc")


class _Buildah:
    """buildah with a storage of our own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._command = ["buildah", f"--root={home / 'storage'}", f"--runroot={home / 'run'}"]

    def run(self, *arguments: str | Path, failure: str) -> str:
        """What it prints."""
        return debian.run([*self._command, *map(str, arguments)], failure)

    def has(self, image: str) -> bool:
        command = [*self._command, "inspect", "--type=image", image]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def begin_anew_if_full(self) -> None:
        layers = self._home / "storage/overlay-layers/layers.json"
        if layers.exists() and layers.read_text().count('"id"') > LAYERS_KEPT:
            self.run("rmi", "--all", "--force", failure="cannot empty buildah's storage")


def _build(buildah: _Buildah, target: Path, progress: Progress) -> None:
    buildah.begin_anew_if_full()
    with tempfile.TemporaryDirectory(prefix="vk-provider-image-") as folder:
        for argument in provider_bases.ARGUMENTS:
            _provide_base(buildah, argument, Path(folder) / argument.lower(), progress)
        progress("building our image")
        buildah.run(
            "build",
            "--isolation=chroot",  # needs no container runtime
            "--format=docker",  # the one that knows HEALTHCHECK
            "--layers",
            "--pull-never",
            "--timestamp=0",
            *(f"--build-arg={each}={provider_bases.image_name(each)}" for each in provider_bases.ARGUMENTS),
            *(f"--volume={source}:{place}:ro" for source, place in pip_settings.mounts(Path(folder))),
            f"--tag={NAME}",
            PROJECT,
            failure="cannot build our image",
        )
    draft = target.parent.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    buildah.run("push", NAME, f"docker-archive:{draft / target.name}:{NAME}", failure="cannot write our image")
    draft.rename(target.parent)
    progress("our image is built")


def _provide_base(buildah: _Buildah, argument: str, layout: Path, progress: Progress) -> None:
    name = provider_bases.image_name(argument)
    if not buildah.has(name):
        provider_bases.write_layout(layout, argument, progress)
        source = f"oci:{layout}:{name.rpartition(':')[2]}"
        identity = buildah.run("pull", "--quiet", source, failure=f"cannot give buildah the image {name}")
        buildah.run("tag", identity.strip(), name, failure=f"cannot name the image {name}")


def _forget(home: Path) -> None:
    """Keep the archives that were used last."""
    archives = sorted(home.glob("*/image.tar"), key=lambda archive: archive.parent.stat().st_mtime)
    for archive in archives[:-KEPT]:
        shutil.rmtree(archive.parent, ignore_errors=True)
