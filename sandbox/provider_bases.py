"""The two images that our Dockerfile builds on, made of the Debian packages that the public ones are made of."""

from pathlib import Path

from sandbox import base_root, debian_root
from sandbox.base_image import PATH
from sandbox.built_layers import Recipe, built_layer
from sandbox.debian_root import unpack_root
from sandbox.images import ImageStore
from sandbox.progress import Progress

NOBODY = 65532
COMMON = ("base-files", "base-passwd", "ca-certificates", "netbase", "python3.11-minimal", "tzdata")
RUN_PACKAGES = (*COMMON, "libpython3.11-stdlib")
BUILD_PACKAGES = (*RUN_PACKAGES, "coreutils", "dash", "python3-pip")
PYTHON = {"Env": [PATH, "LANG=C.UTF-8"]}


def build_run_root(root: Path, progress: Progress) -> None:
    """As `gcr.io/distroless/python3-debian12:nonroot`: Python, certificates, no shell."""
    unpack_root(root, RUN_PACKAGES, progress)
    base_root.make_small(root)
    base_root.configure(root)
    with (root / "etc/passwd").open("a") as users:
        users.write(f"nonroot:x:{NOBODY}:{NOBODY}:nonroot:/home/nonroot:/sbin/nologin\n")
    with (root / "etc/group").open("a") as groups:
        groups.write(f"nonroot:x:{NOBODY}:\n")
    (root / "usr/bin/python3").symlink_to("python3.11")


def build_build_root(root: Path, progress: Progress) -> None:
    """As `python:3.11-slim-bookworm`: a Python with pip."""
    unpack_root(root, BUILD_PACKAGES, progress)
    base_root.configure(root)


WRITTEN_IN = (base_root, debian_root)
RUN = Recipe("the base of our image", build_run_root, WRITTEN_IN, space_gb=0.5, made_from=repr(RUN_PACKAGES))
BUILD = Recipe("what our image is built in", build_build_root, WRITTEN_IN, space_gb=0.7, made_from=repr(BUILD_PACKAGES))
ARGUMENTS = {"BASE": RUN, "BUILDER": BUILD}
"""By the name of the Dockerfile's argument that names the image."""


def digest() -> str:
    return "".join(recipe.digest() for recipe in ARGUMENTS.values())


def image_name(argument: str) -> str:
    """The base's name, which changes with its content."""
    return f"localhost/{argument.lower()}:{ARGUMENTS[argument].digest()}"


def write_layout(folder: Path, argument: str, progress: Progress) -> None:
    """The image as an OCI layout in a folder."""
    layer = built_layer(ARGUMENTS[argument], progress)
    ImageStore(folder).add([image_name(argument)], [layer], PYTHON)
