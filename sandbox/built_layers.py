"""Image layers that are built on this machine: each once, and kept in the cache under a hash of its recipe."""

import hashlib
import inspect
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sandbox import disk_errors, layer
from sandbox.blobs import write_digest
from sandbox.debian import require_space
from sandbox.layout import cache_dir
from sandbox.locking import exclusive
from sandbox.progress import Progress


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build a layer's file system in a folder that does not exist yet."""

    what: str
    build: Callable[[Path, Progress], None]
    written_in: tuple[ModuleType, ...]  # whatever changes the layer is in the source of these
    space_gb: float
    made_from: str = ""  # and in this, which stands for what else goes into it

    def digest(self) -> str:
        sources = "".join(inspect.getsource(module) for module in (*self.written_in, layer))
        return hashlib.sha256((sources + self.made_from).encode()).hexdigest()[:16]


def built_layer(recipe: Recipe, progress: Progress) -> Path:
    """The layer as a tar in the cache, built now unless it is there."""
    home = cache_dir() / "images"
    target = home / recipe.digest() / "layer.tar"
    if target.exists():
        return target
    with (
        disk_errors.explained(home),
        exclusive(home / "lock", doing=f"building {recipe.what}", progress=progress),
    ):
        if not target.exists():
            _build(recipe, target.parent, progress)
    return target


def _build(recipe: Recipe, folder: Path, progress: Progress) -> None:
    require_space(folder.parent, recipe.space_gb, f"building {recipe.what}")
    draft = folder.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    recipe.build(draft / "root", progress)
    layer.write_layer(draft / "root", draft / "layer.tar")
    write_digest(draft / "layer.tar")
    shutil.rmtree(draft / "root")
    draft.rename(folder)
    progress(f"{recipe.what} is built")
