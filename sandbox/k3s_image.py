"""The K3s stand-in under the real one's names: `rancher/k3s:<any release>`, and the DNS that it packages.

One image answers for every release, so that versions can be changed in tests; `k3s --version` tells the truth.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from sandbox import k3s_root
from sandbox.base_image import PATH, WRITTEN_IN, base_layer
from sandbox.binaries import Binaries
from sandbox.built_layers import Recipe, built_layer
from sandbox.images import ImageStore
from sandbox.k3s_release import REPOSITORY, TAG

IMAGE, DNS_IMAGE = f"docker.io/{REPOSITORY}:{TAG}", f"docker.io/rancher/mirrored-coredns-coredns:{TAG}"
SERVER = {"Entrypoint": ["/bin/k3s"], "Cmd": ["agent"], "Env": [PATH]}
DNS = {"Entrypoint": ["coredns"], "Env": [PATH]}


def add_k3s_images(store: ImageStore, binaries: Binaries) -> None:
    """Put both images into the store, built now unless they are in the cache (some seconds)."""
    base, programs, modules = k3s_layers(binaries)
    store.add([IMAGE], [base, programs, modules], SERVER)
    store.add([DNS_IMAGE], [base, modules], DNS)


def k3s_layers(binaries: Binaries) -> tuple[Path, Path, Path]:
    """The test image's, that of the programs, and that of our modules, which alone changes with these."""
    base = base_layer(binaries.progress)
    programs = Recipe(
        "the programs of the K3s stand-in",
        partial(k3s_root.build_programs, binaries=binaries),
        (k3s_root,),
        space_gb=0.6,
        made_from=_fingerprint(k3s_root.programs_of(binaries).values()),
    )
    modules = Recipe(
        "the K3s stand-in",
        partial(k3s_root.build_modules, base=base),
        (k3s_root, *WRITTEN_IN),
        space_gb=0.3,
        made_from=repr(k3s_root.modules()),
    )
    return base, built_layer(programs, binaries.progress), built_layer(modules, binaries.progress)


def _fingerprint(files: Iterable[Path]) -> str:
    """What changes when one of these programs does, without reading them."""
    stats = [(file.name, file.stat()) for file in files]
    return repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])
