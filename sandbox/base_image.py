"""The test image: a small Debian root with busybox, curl, Python, an echo and a DNS server, built on this machine.

It stands in for every public image that the tests and the demo name: `busybox`, `debian:12`, `python:3.11`... They all
share one layer.
"""

from pathlib import Path

from sandbox import base_root, debian_root, dns_server, echo_server
from sandbox.built_layers import Recipe, built_layer
from sandbox.image_names import parse_image_name
from sandbox.images import ImageStore
from sandbox.progress import Progress

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WRITTEN_IN = (base_root, debian_root, dns_server, echo_server)
RECIPE = Recipe("the test image", base_root.build_root, WRITTEN_IN, space_gb=0.5)
IMAGES: dict[tuple[str, ...], dict[str, list[str]]] = {
    ("busybox", "busybox:1.35", "debian:12", "sandbox.local/test:1"): {"Cmd": ["sh"]},
    ("python:3.11",): {"Cmd": ["python3"]},
    ("curlimages/curl",): {"Entrypoint": ["/entrypoint.sh"], "Cmd": ["curl"]},
    ("sandbox.local/dns:1",): {"Entrypoint": ["dns-server"]},
    ("sandbox.local/echo:1",): {"Entrypoint": ["echo-server"]},
    ("sandbox.local/pause:1",): {"Entrypoint": ["catatonit", "-P"]},
}


def add_base_images(store: ImageStore, progress: Progress) -> list[str]:
    """Put the test image under all its names into the store; returns these in full."""
    tar = base_layer(progress)
    for names, runs in IMAGES.items():
        store.add(names, [tar], {"Env": [PATH], **runs})
    return sorted(str(parse_image_name(name)) for names in IMAGES for name in names)


def base_layer(progress: Progress) -> Path:
    """The test image's only layer (half a minute to build)."""
    return built_layer(RECIPE, progress)
