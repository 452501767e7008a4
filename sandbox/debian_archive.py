"""Debian packages fetched without installing them, also of other suites than the machine's own.

apt keeps separate lists for us, so that nothing of the machine's own package management changes; the packages come
from where this machine's own apt gets them.
"""

import shutil
from pathlib import Path
from typing import Literal

from sandbox import debian
from sandbox.debian_root import SUITE, machine_sources
from sandbox.layout import cache_dir
from sandbox.locking import exclusive
from sandbox.progress import Progress

SPACE_GB = 0.5


def unpacked(package: str, progress: Progress, *, suite: str = SUITE) -> Path:
    """The folder in the cache that holds the package's files, as below /."""
    target = cache_dir() / "debian" / suite / package
    if not target.is_dir():
        with exclusive(target.parent / "lock", doing=f"unpacking packages of Debian {suite}", progress=progress):
            if not target.is_dir():
                _unpack(package, suite, target, progress)
    return target


def private_apt(folder: Path, suite: str, kind: Literal["deb", "deb-src"]) -> list[str]:
    """An apt-get command that knows this suite only and no installed package; its newest lists are in `folder`."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    own = next(line for line in machine_sources() if f" {SUITE} " in line)
    line = own.replace(f" {SUITE} ", f" {suite} ").replace("deb ", f"{kind} ", 1)
    (folder / "sources.list").write_text(f"{line}\n")
    options = {
        "Dir::Etc::sourcelist": str(folder / "sources.list"),
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": str(folder / "lists"),
        "Dir::State::status": str(folder / "status"),
        "Dir::Cache": str(folder / "cache"),
        "APT::Sandbox::User": "",  # the folder need not be readable by the user whom apt downloads as
        "Acquire::Retries": "3",
    }
    apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
    debian.run([*apt, "update"], f"cannot read the package lists of Debian {suite}")
    return apt


def _unpack(package: str, suite: str, target: Path, progress: Progress) -> None:
    debian.require_apt(f"put the programs of {package} on PATH")
    debian.require_space(target.parent, SPACE_GB, f"unpacking {package}")
    progress(f"downloading {package}")
    apt = private_apt(target.parent / "apt", suite, "deb")
    draft = target.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    debian.run([*apt, "download", package], f"cannot download {package}", cwd=draft)
    archive = next(draft.glob("*.deb"))
    files = draft / "files"
    debian.run(["dpkg-deb", "-x", archive.name, files.name], f"cannot unpack {archive.name}", cwd=draft)
    files.rename(target)
    shutil.rmtree(draft)
