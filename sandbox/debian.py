"""Debian's packages on this machine: tools are installed.

Daemons (etcd, containerd) are not, because that would start services on the machine: see debian_archive.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.progress import Progress

APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")


def ensure_tools(packages: Sequence[str], progress: Progress) -> None:
    """Install the packages that are missing."""
    missing = [package for package in packages if not _is_installed(package)]
    if not missing:
        return
    wanted = " ".join(missing)
    require_apt(f"install {wanted} by hand")
    if os.geteuid() != 0:
        raise SandboxError(f"Debian packages are missing; as root: apt-get install --no-install-recommends {wanted}")
    progress(f"installing {wanted}")
    _refresh_lists(missing)
    run([*APT, "install", "--no-install-recommends", *missing], f"cannot install {wanted}")


def require_space(folder: Path, gigabytes: float, purpose: str) -> None:
    """Refuse to begin what would fill the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise SandboxError(
            f"{purpose} needs {gigabytes:g} GB in {folder} and {free:.1f} GB are free; "
            "make room, or set XDG_CACHE_HOME to a larger disk"
        )


def _refresh_lists(packages: Sequence[str]) -> None:
    """Bring apt's lists up to date: a stale list names files that are gone.

    A failure is left to the download that follows: it may concern a source that has nothing we need.
    """
    if os.geteuid() == 0:
        subprocess.run([*APT, "update"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        return
    known = subprocess.run(["apt-cache", "show", *packages], capture_output=True, check=False)
    if known.returncode != 0:
        raise SandboxError(f"apt does not know {' '.join(packages)}; as root: apt-get update")


def require_apt(instead: str) -> None:
    """Refuse a machine that has no apt, saying what would do instead."""
    if shutil.which("apt-get") is None:
        raise SandboxError(f"this is not Debian (no apt-get); {instead}, or use a Debian 12 machine")


def _is_installed(package: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, check=False).stdout == b"installed"


def run(command: Sequence[str], failure: str, *, cwd: Path | None = None) -> str:
    """Run a package tool; returns what it printed. Its last word becomes the error's reason."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        reason = words[-1] if words else f"exit code {done.returncode}"
        raise SandboxError(f"{failure}: {reason}; run `{' '.join(command)}` to see more")
    return done.stdout
