"""The files of the K3s stand-in's images, as layers on the test image: programs, and the few modules around them."""

import shutil
import subprocess
import tarfile
from pathlib import Path

from sandbox.base_root import write_program
from sandbox.binaries import Binaries
from sandbox.debian import run
from sandbox.debian_archive import unpacked
from sandbox.progress import Progress

HOME = "usr/lib/k3s"
MODULES = "usr/lib/python3/dist-packages"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
PYTHON_PACKAGES = ("python3-cffi-backend", "python3-cryptography", "python3-yaml")

# Probes call it every few seconds in many pods at once, so `kubectl get --raw` must not cost what kubectl does.
K3S = f"""\
#!/bin/sh
field() {{ sed -n "s/^ *$1: //p" "$KUBECONFIG" | head -n 1; }}
data() {{ field "$1-data" | base64 -d; }}
if [ "$1" != kubectl ]; then
    PYTHONPATH=/{HOME} exec python3 -m sandbox.k3s_standin "$@"
fi
: "${{KUBECONFIG:=/etc/rancher/k3s/k3s.yaml}}"
case "$2 $3" in
"get --raw") path=$4 ;;
"get --raw="*) path=${{3#--raw=}} ;;
*) echo "the sandbox's stand-in for K3s knows \\`kubectl get --raw PATH\\` only" >&2; exit 1 ;;
esac
if [ ! -r "$KUBECONFIG" ]; then
    echo "no kubeconfig $KUBECONFIG" >&2
    exit 1
fi
exec curl -sS --fail-with-body --max-time 30 --cacert /dev/fd/3 --cert /dev/fd/4 --key /dev/fd/5 \\
    "$(field server)$path" 3<<CA 4<<CERTIFICATE 5<<KEY
$(data certificate-authority)
CA
$(data client-certificate)
CERTIFICATE
$(data client-key)
KEY
"""
DNS = f"""\
#!/bin/sh
PYTHONPATH=/{HOME} exec python3 -m sandbox.k3s_standin.dns "$@"
"""
# Marked as never out of date: Python then looks at no source when it starts.
COMPILE = """
import compileall, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
sys.exit(not all([compileall.compile_dir(f"/{folder}", quiet=1, invalidation_mode=mode) for folder in sys.argv[1:]]))
"""


def build_programs(root: Path, progress: Progress, *, binaries: Binaries) -> None:
    """Make the layer of Kubernetes' programs in `root`, which must not exist."""
    progress("collecting the programs of the K3s stand-in")
    programs = root / HOME / "bin"
    programs.mkdir(parents=True)
    for name, path in programs_of(binaries).items():
        shutil.copy2(path, programs / name)
    version = subprocess.run([programs / COMPONENTS[0], "--version"], capture_output=True, text=True, check=True).stdout
    (programs / "VERSION").write_text(version.split()[-1])


def programs_of(binaries: Binaries) -> dict[str, Path]:
    return {**{name: binaries.component(name) for name in COMPONENTS}, "etcd": binaries.tool("etcd")}


def build_modules(root: Path, progress: Progress, *, base: Path) -> None:
    """Make the layer of our own modules and what they import; `base` is the layer below, a tar."""
    progress("putting the K3s stand-in together")
    for package in PYTHON_PACKAGES:
        shutil.copytree(unpacked(package, progress) / MODULES, root / MODULES, dirs_exist_ok=True)
    for name, content in modules().items():
        target = root / HOME / "sandbox" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    write_program(root / "usr/bin/k3s", K3S)
    write_program(root / "usr/bin/coredns", DNS)
    _compile(root, base)


def modules() -> dict[str, bytes]:
    """The files of ours that go into the image, by their place in this package."""
    package = Path(__file__).parent
    files = [package / "__init__.py", package / "dns_server.py"]
    files += [path for path in (package / "k3s_standin").rglob("*") if path.suffix in {".py", ".yaml"}]
    return {str(path.relative_to(package)): path.read_bytes() for path in sorted(files)}


def _compile(root: Path, base: Path) -> None:
    """Have the image's own Python compile the modules, on top of the layer below."""
    whole = root.with_name("whole")
    with tarfile.open(base) as below:
        below.extractall(whole, filter="fully_trusted")  # noqa: S202 - our own
    for folder in (MODULES, HOME):
        shutil.copytree(root / folder, whole / folder, dirs_exist_ok=True)
    run(["chroot", str(whole), "python3", "-c", COMPILE, MODULES, HOME], "cannot compile the K3s stand-in")
    for folder in (MODULES, HOME):
        for cache in (whole / folder).rglob("__pycache__"):
            shutil.copytree(cache, root / cache.relative_to(whole), dirs_exist_ok=True)
    shutil.rmtree(whole)
