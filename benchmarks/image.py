"""Our image: how large it is, and how soon what is in it answers.

Its files are unpacked and run in place, as nobody, without a container around them. The goals are for CPU time, which a
busy machine does not change much; what passes until somebody can use it is printed beside.
"""

import gzip
import io
import os
import resource
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.report import Result, at_most
from sandbox.progress import silent
from sandbox.provider import ProviderSetup
from sandbox.provider_image import built_image
from sandbox.session import Session, session

RUNS = 5
USER = 65532
LIMIT = 60.0
ENTER = 'mount -t proc proc "$1/proc" && exec chroot --userspec="$0:$0" "$@"'
KUBELET_PORT, HEALTH_PORT = 10250, 8081


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds until something was there: on the clock, and of CPU."""

    wall: float
    cpu: float


def results() -> list[Result]:
    archive = built_image(silent)
    with tempfile.TemporaryDirectory() as folder, session(Path(folder) / "sandbox") as sandbox:
        root = Path(folder) / "root"
        layers = unpack(archive, root)
        helps = [_run(root, ["vkp", "--help"]) for _ in range(RUNS)]
        provider = _provider(sandbox, root)
        starts = [_run(root, provider, _is_healthy) for _ in range(RUNS)]
    return [
        Result("size, as registries count it", sum(map(_compressed, layers)) / 1e6, at_most(60), "MB"),
        Result("size on a node", sum(map(len, layers)) / 1e6, at_most(140), "MB"),
        Result("of which a change of the program", len(layers[-2]) / 1e6, at_most(10), "MB"),
        *_times("vkp --help", helps, at_most_cpu=0.8),
        *_times("vkp provider until /healthz", starts, at_most_cpu=1.6),
    ]


def unpack(archive: Path, root: Path) -> list[bytes]:
    """Lay the image's files out; returns its layers."""
    with tarfile.open(archive) as image:
        names = msgspec.json.decode(_content(image, "manifest.json"))[0]["Layers"]
        layers = [_content(image, name) for name in names]
    for layer in layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as files:
            files.extractall(root, filter="fully_trusted")  # noqa: S202 - our own
    return layers


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise FileNotFoundError(name)
    return member.read()


def _provider(sandbox: Session, root: Path) -> list[str]:
    """The command line of a provider between two API servers, with its files inside the image's root."""
    host, virtual = sandbox.api_server("image-host"), sandbox.api_server("image-virtual")
    namespace = host.create_namespace("image")
    setup = ProviderSetup(
        cluster="image",
        host_namespace=namespace,
        host_kubeconfig=host.kubeconfig,
        virtual_kubeconfig=virtual.kubeconfig,
        virtual_certificates=virtual.certificates,
        api_server=virtual.server,
        machine=host.machine,
        kubelet_port=KUBELET_PORT,
        health_port=HEALTH_PORT,
    )
    return ["vkp", "provider", *(_inside(root, argument) for argument in setup.arguments())]


def _inside(root: Path, argument: str) -> str:
    """The argument, and the file that it names also below the root, for its user to read."""
    name, _, value = argument.partition("=")
    file = Path(value)
    if not file.is_file():
        return argument
    copy = root / "given" / name.lstrip("-")
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(file, copy)
    os.chown(copy, USER, USER)
    return f"{name}=/given/{copy.name}"


def _run(root: Path, command: Sequence[str], ready: Callable[[], bool] | None = None) -> Took:
    """Run to the end, or until it is ready."""
    before, began = _children_cpu(), time.monotonic()
    program = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", ENTER, str(USER), root, *command],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin", "LANG": "C.UTF-8"},
        stdout=subprocess.DEVNULL,
    )
    while ready is not None and not ready():
        if program.poll() is not None or time.monotonic() > began + LIMIT:
            raise RuntimeError(f"{command[:2]} is not ready; its exit code is {program.poll()}")
        time.sleep(0.005)
    wall = time.monotonic() - began
    if ready is not None:
        program.kill()
    program.wait(LIMIT)
    return Took(time.monotonic() - began if ready is None else wall, _children_cpu() - before)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _is_healthy() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{HEALTH_PORT}/healthz", timeout=5):
            return True
    except OSError:
        return False


def _times(what: str, took: Sequence[Took], *, at_most_cpu: float) -> list[Result]:
    return [
        Result(what, median(each.wall for each in took), unit="s"),
        Result(f"{what}, CPU", median(each.cpu for each in took), at_most(at_most_cpu), "s"),
    ]


def _compressed(layer: bytes) -> int:
    return len(gzip.compress(layer, compresslevel=6))
