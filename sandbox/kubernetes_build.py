"""Kubernetes' own programs, built from Debian's source package, once, into the cache.

Every step leaves a mark that lets the next attempt go on behind it; the Go build cache does so within the longest.

Debian builds it with an older Go than it now ships: with a newer one, an API server dies of the first custom resource
that it encodes, by a library that knows the insides of Go's maps. Debian's newer package of it takes its place.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

from sandbox import debian
from sandbox.debian_archive import private_apt, unpacked
from sandbox.debian_root import SUITE
from sandbox.errors import SandboxError
from sandbox.layout import cache_dir
from sandbox.locking import exclusive
from sandbox.progress import Progress

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
TOOLS = ("golang-1.19-go", "jq", "rsync", "make", "dpkg-dev")
GO = Path("/usr/lib/go-1.19/bin")
SPACE_GB = 5.0
RECIPE = 2  # counts up when what is built from the same source becomes another
TOO_OLD_FOR_GO = Path("github.com/modern-go/reflect2")
NEW_ENOUGH = "golang-github-modern-go-reflect2-dev"
PACKAGES_COMPILED = 2150  # counted in one whole build; only the shown percentage depends on it


def built() -> Path | None:
    """The folder of the newest finished build in the cache."""
    finished = sorted(_home().glob(f"*_{RECIPE}/bin/kubelet"), key=lambda program: program.stat().st_mtime)
    return finished[-1].parent if finished else None


def build(progress: Progress) -> Path:
    """The folder with all components, built now unless it is there. Takes 10 to 15 minutes on two cores.

    Raises SandboxError when a step fails; calling again goes on at that step.
    """
    with exclusive(_home() / "lock", doing="building Kubernetes", progress=progress) as lock:
        return built() or _build(lock, progress)


def _build(lock: int, progress: Progress) -> Path:
    work = _home() / "build"
    debian.require_space(work, SPACE_GB, "building Kubernetes")
    debian.ensure_tools(TOOLS, progress)
    description = _download(work, progress)
    version = description.name.removeprefix("kubernetes_").removesuffix(".dsc")
    tree = _unpack(description, work / "src", progress)
    _renew_library(tree / "vendor" / TOO_OLD_FOR_GO, progress)
    _compile(tree, lock, progress)
    target = _install(tree / "_output/local/bin/linux" / _architecture(), _home() / f"{version}_{RECIPE}" / "bin")
    shutil.rmtree(work)
    progress(f"Kubernetes {version} is built")
    return target


def _home() -> Path:
    return cache_dir() / "kubernetes"


def _download(work: Path, progress: Progress) -> Path:
    """Fetch the source package; returns its .dsc file."""
    found = next(work.glob("kubernetes_*.dsc"), None)
    if found is not None:
        return found
    progress("downloading the Kubernetes source package (34 MB)")
    files = work / "download"
    apt = private_apt(work / "apt", SUITE, "deb-src")
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    debian.run([*apt, "source", "--download-only", "kubernetes"], "cannot download the source", cwd=files)
    # The description moves last: it is the mark that everything is there.
    for file in sorted(files.iterdir(), key=lambda file: file.suffix == ".dsc"):
        file.rename(work / file.name)
    return next(work.glob("kubernetes_*.dsc"))


def _unpack(description: Path, tree: Path, progress: Progress) -> Path:
    if not tree.is_dir():
        progress("unpacking the Kubernetes source")
        draft = tree.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        debian.run(["dpkg-source", "--no-check", "-x", str(description), str(draft)], "cannot unpack the source")
        draft.rename(tree)
    return tree


def _renew_library(vendored: Path, progress: Progress) -> None:
    newer = unpacked(NEW_ENOUGH, progress) / "usr/share/gocode/src" / TOO_OLD_FOR_GO
    if not newer.is_dir():
        raise SandboxError(f"{newer} is missing: Debian's {NEW_ENOUGH} has changed; tell the makers of this sandbox")
    shutil.rmtree(vendored, ignore_errors=True)
    shutil.copytree(newer, vendored, ignore=shutil.ignore_patterns("*_test.go"))


def _compile(tree: Path, lock: int, progress: Progress) -> None:
    """Run the build; it holds the lock itself, so that nobody builds beside it when we are killed."""
    work = tree.parent
    gopath = work / "gopath"
    home = gopath / "src/k8s.io/kubernetes"
    home.parent.mkdir(parents=True, exist_ok=True)
    if not home.is_symlink():
        home.symlink_to(tree)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GO", "KUBE", "MAKE"))},
        "PATH": f"{GO}:{os.environ['PATH']}",
        "GOPATH": str(gopath),
        "GOCACHE": str(work / "gocache"),
        "GO111MODULE": "off",
        "CGO_ENABLED": "0",
        "HOME": str(work),
        "PWD": str(home),
    }
    targets = " ".join(f"cmd/{component}" for component in COMPONENTS)
    log = work / "build.log"
    command = ["make", f"WHAT={targets}", "GOFLAGS=-v"]
    with log.open("ab") as output:
        compiler = subprocess.Popen(
            command,
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
        )
    try:
        _watch(compiler, log, progress)
    finally:
        compiler.terminate()  # whoever interrupts us does not want it to go on alone
        compiler.wait()


def _watch(compiler: subprocess.Popen[bytes], log: Path, progress: Progress) -> None:
    """Report how far the compiler is until it ends."""
    began = time.monotonic()
    while compiler.poll() is None:
        done = min(99, 100 * _packages_compiled(log) // PACKAGES_COMPILED)
        minutes = (time.monotonic() - began) / 60
        progress(f"building Kubernetes: {done} %, {minutes:.0f} min of 10 to 15")
        time.sleep(2)
    if compiler.returncode != 0:
        words = log.read_text(errors="replace").strip().splitlines()
        raise SandboxError(f"building Kubernetes failed: {words[-1]}; see {log}, mend it and run the same again")


def _packages_compiled(log: Path) -> int:
    return sum(1 for line in log.read_text(errors="replace").splitlines() if line.startswith("k8s.io/"))


def _install(products: Path, target: Path) -> Path:
    missing = [component for component in COMPONENTS if not (products / component).is_file()]
    if missing:
        raise SandboxError(f"the build made no {', '.join(missing)}; remove {_home() / 'build'} and run again")
    draft = target.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for component in COMPONENTS:
        shutil.copy2(products / component, draft)
    draft.rename(target)
    return target


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
