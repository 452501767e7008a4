"""The test image: a small Debian root with busybox, curl, Python and an echo server, built on this machine.

It stands in for every public image that the tests and the demo name: `busybox`, `debian:12`, `python:3.11`... They all
share one layer, which is built once and kept in the cache under a hash of its recipe.
"""

import hashlib
import inspect
import shutil
from pathlib import Path

from sandbox import base_root, debian_root, disk_errors, echo_server, layer
from sandbox.debian import require_space
from sandbox.images import ImageStore
from sandbox.layout import cache_dir
from sandbox.locking import exclusive
from sandbox.progress import Progress

SPACE_GB = 0.5
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IMAGES: dict[tuple[str, ...], dict[str, list[str]]] = {
    ("busybox", "busybox:1.35", "debian:12", "sandbox.local/test:1"): {"Cmd": ["sh"]},
    ("python:3.11",): {"Cmd": ["python3"]},
    ("curlimages/curl",): {"Entrypoint": ["/entrypoint.sh"], "Cmd": ["curl"]},
    ("sandbox.local/echo:1",): {"Entrypoint": ["echo-server"]},
    ("sandbox.local/pause:1",): {"Entrypoint": ["catatonit", "-P"]},
}


def add_base_images(store: ImageStore, progress: Progress) -> None:
    """Put the test image under all its names into the store."""
    tar = base_layer(progress)
    for names, runs in IMAGES.items():
        store.add(names, [tar], {"Env": [PATH], **runs})


def base_layer(progress: Progress) -> Path:
    """The test image's only layer as a tar in the cache, built now unless it is there (half a minute)."""
    home = cache_dir() / "images"
    target = home / _recipe() / "layer.tar"
    if target.exists():
        return target
    with (
        disk_errors.explained(home),
        exclusive(home / "lock", doing="building the test image", progress=progress),
    ):
        if not target.exists():
            _build(target.parent, progress)
    return target


def _build(folder: Path, progress: Progress) -> None:
    require_space(folder.parent, SPACE_GB, "building the test image")
    draft = folder.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    base_root.build_root(draft / "root", progress)
    layer.write_layer(draft / "root", draft / "layer.tar")
    shutil.rmtree(draft / "root")
    draft.rename(folder)
    progress("the test image is built")


def _recipe() -> str:
    """Changes whenever the layer could."""
    modules = (base_root, debian_root, echo_server, layer)
    sources = "".join(inspect.getsource(module) for module in modules)
    return hashlib.sha256(sources.encode()).hexdigest()[:16]
