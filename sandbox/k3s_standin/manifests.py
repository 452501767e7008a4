"""Packaged components: what is below `server/manifests` is applied, again when a file changes.

Only the cluster's DNS is packaged here. The rest of what the real one ships would never run in the tests.
"""

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from sandbox.k3s_standin.api import Api, ApiError
from sandbox.k3s_standin.children import log
from sandbox.k3s_standin.layout import Layout

PACKAGED = Path(__file__).with_name("packaged")
INTERVAL = 2.0  # seconds; the real one takes 15
SUFFIXES = {".yaml", ".yml", ".json"}


def write_packaged(layout: Layout, values: dict[str, str], disabled: Collection[str]) -> None:
    """Lay out what is packaged, with its placeholders filled in; what is disabled is removed."""
    layout.manifests.mkdir(parents=True, exist_ok=True)
    for source in PACKAGED.glob("*.yaml"):
        target = layout.manifests / source.name
        if source.stem in disabled:
            target.unlink(missing_ok=True)
            continue
        text = source.read_text()
        for name, value in values.items():
            text = text.replace(f"%{{{name}}}%", value)
        target.write_text(text)


def keep_applied(layout: Layout, api: Api) -> None:
    """Apply what is there, and what changes, for ever."""
    applied: dict[Path, float] = {}
    while True:
        for file in files(layout.manifests):
            changed = file.stat().st_mtime
            if applied.get(file) == changed:
                continue
            try:
                _apply(file, api)
            except (ApiError, OSError, ValueError, yaml.YAMLError) as error:
                log(f"Failed to process config: failed to process {file}: {error}")
            else:
                applied[file] = changed
        time.sleep(INTERVAL)


def files(folder: Path) -> list[Path]:
    """The manifests in the order of their names; hidden ones, and those with a `.skip` beside them, do not count."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
        and not path.with_name(f"{path.name}.skip").exists()
    )


def _apply(file: Path, api: Api) -> None:
    for document in yaml.safe_load_all(file.read_text()):
        for body in _objects(document):
            api.apply(body)
    log(f"Applied manifest {file}")


def _objects(document: Any) -> list[dict[str, Any]]:
    if not document:
        return []
    return list(document["items"]) if document.get("kind") == "List" else [document]
