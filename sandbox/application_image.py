"""Redis and PostgreSQL as Debian has them, under the names of the images that charts ask for.

They share one layer on top of the test image's. It is built when somebody first asks for it: few tests do.
"""

from functools import partial
from pathlib import Path

from sandbox import application_root
from sandbox.base_image import PATH, WRITTEN_IN, base_layer
from sandbox.built_layers import Recipe, built_layer
from sandbox.image_names import parse_image_name
from sandbox.images import ImageStore
from sandbox.progress import Progress

IMAGES: dict[str, dict[str, list[str]]] = {
    "redis:7": {"Env": [PATH], "Cmd": ["redis-server", "--protected-mode", "no"]},
    "postgres:15": {
        "Env": [f"{PATH}:/{application_root.POSTGRES}/bin", "LANG=C.UTF-8", "PGDATA=/var/lib/postgresql/data"],
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["postgres"],
    },
}


def add_application_images(store: ImageStore, progress: Progress) -> list[str]:
    """Put the images into the store; returns their full names."""
    layers = [base_layer(progress), application_layer(progress)]
    for name, runs in IMAGES.items():
        store.add([name], layers, runs)
    return sorted(str(parse_image_name(name)) for name in IMAGES)


def application_layer(progress: Progress) -> Path:
    """What the images have beyond the test image (a minute or two to build)."""
    build = partial(application_root.build_root, base=base_layer(progress))
    recipe = Recipe("the images of Redis and PostgreSQL", build, (application_root, *WRITTEN_IN), space_gb=1.0)
    return built_layer(recipe, progress)
