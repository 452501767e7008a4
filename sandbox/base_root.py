"""The file system of the test image: Debian packages unpacked, then made usable and small.

Maintainer scripts never ran on it, so the few things that they would have done and the image needs are done here.
"""

import inspect
import shutil
import subprocess
from pathlib import Path

from sandbox import dns_server, echo_server
from sandbox.debian import run
from sandbox.debian_root import unpack_root
from sandbox.progress import Progress

PACKAGES = (
    "base-files",
    "base-passwd",
    "busybox",  # dynamically linked: the static one crashes as soon as it resolves a name
    "ca-certificates",
    "catatonit",
    "curl",
    "libpython3.11-stdlib",
    "netbase",
    "openssl",
    "python3.11-minimal",
    "wget",  # that of busybox crashes when it is given a time-out
)

# 30 of 80 MB: documentation, translations, character sets, and the records of packages nobody will install here.
SUPERFLUOUS = (
    "etc/apt",
    "etc/fstab",
    "etc/hostname",
    "etc/resolv.conf",
    "usr/lib/*/gconv",
    "usr/lib/apt",
    "usr/lib/python3.11/idlelib",
    "usr/lib/python3.11/lib2to3",
    "usr/lib/python3.11/pydoc_data",
    "usr/share/bash-completion",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/*",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/log/*",
)

# As the image of that name does: what looks like curl's arguments is given to curl.
CURL_ENTRYPOINT = """\
#!/bin/sh
if [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null; then
    set -- curl "$@"
fi
exec "$@"
"""

# Only what the servers import, which makes them start three times as fast; all of Python would add 12 MB.
COMPILE = """
import argparse, dataclasses, http.server, ipaddress, json, os, signal, socket, ssl, sys, threading
import py_compile
for module in list(sys.modules.values()):
    source = getattr(module, "__file__", None) or ""
    if source.endswith(".py"):
        py_compile.compile(source, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""


def build_root(root: Path, progress: Progress) -> None:
    """Make the file system in `root`, which must not exist."""
    unpack_root(root, PACKAGES, progress)
    progress("making the test image small and complete")
    make_small(root)
    configure(root)
    _add_programs(root)
    _link_applets(root)
    run(["chroot", str(root), "python3", "-B", "-c", COMPILE], "cannot compile Python's modules for the test image")


def make_small(root: Path) -> None:
    """Remove what nobody will read in an image."""
    for pattern in SUPERFLUOUS:
        for path in root.glob(pattern):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def configure(root: Path) -> None:
    """Users, name resolution, and certificate authorities."""
    etc, share = root / "etc", root / "usr/share"
    for name in ("passwd", "group"):
        table = (share / "base-passwd" / f"{name}.master").read_text()
        (etc / name).write_text(table.replace("/bin/bash", "/bin/sh"))
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    authorities = sorted((share / "ca-certificates/mozilla").glob("*.crt"))
    bundle = etc / "ssl/certs/ca-certificates.crt"
    bundle.write_bytes(b"".join(authority.read_bytes() for authority in authorities))


def _add_programs(root: Path) -> None:
    (root / "usr/bin/python3").symlink_to("python3.11")
    for name, module in (("dns-server", dns_server), ("echo-server", echo_server)):
        server = inspect.getsource(module)
        write_program(root / "usr/local/bin" / name, f"#!/usr/bin/python3\n{server}")
    write_program(root / "entrypoint.sh", CURL_ENTRYPOINT)


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _link_applets(root: Path) -> None:
    """Give busybox every name that no other program has."""
    listing = ["chroot", str(root), "busybox", "--list-full"]
    applets = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split()
    for applet in applets:
        if not (root / applet).exists():
            (root / applet).symlink_to("/usr/bin/busybox")
