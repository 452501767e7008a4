"""A root file system of a few Debian packages, for images: unpacked, not installed, so that little else comes along.

Packages come from wherever this machine's own apt gets them, with apt's own settings (proxies, certificates).
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox import debian
from sandbox.errors import SandboxError
from sandbox.progress import Progress

SUITE = "bookworm"
RELEASES = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LINK_TO_USR = 'for folder in bin sbin lib lib64; do mkdir -p "$1/usr/$folder"; ln -s "usr/$folder" "$1/$folder"; done'


def unpack_root(target: Path, packages: Sequence[str], progress: Progress) -> None:
    """Fill `target`, which must not exist, with the packages and all they depend on. Maintainer scripts do not run."""
    debian.ensure_tools(["mmdebstrap"], progress)
    progress(f"downloading and unpacking {len(packages)} Debian packages and what they need")
    debian.run(
        [
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=extract",
            f"--setup-hook={LINK_TO_USR}",
            f"--include={','.join(packages)}",
            *(f"--aptopt={option}" for option in _acquire_options()),
            SUITE,
            str(target),
            *machine_sources(),
        ],
        "cannot make a Debian root",
    )


def machine_sources() -> list[str]:
    """This machine's sources of the suite, a line each."""
    query = ["apt-get", "indextargets", "--format", "$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)"]
    listing = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return sources_of(listing, signed_by=KEYRING if KEYRING.exists() else None)


def sources_of(listing: str, *, signed_by: Path | None) -> list[str]:
    """The apt lines for what `apt-get indextargets` lists of the suite and its updates."""
    options = f"[signed-by={signed_by}] " if signed_by else ""
    fields = [line.split() for line in listing.splitlines()]
    lines = [
        f"deb {options}{uri} {release} main"
        for kind, release, component, uri in fields
        if kind == "Packages" and component == "main" and release in RELEASES
    ]
    if not any(f" {SUITE} " in line for line in lines):
        raise SandboxError(f"apt has no source for Debian {SUITE} main; add one and run `apt-get update`")
    return list(dict.fromkeys(lines))


def _acquire_options() -> list[str]:
    """How this machine's apt reaches its sources and how strict it is about their dates."""
    scopes = ["Acquire::http", "Acquire::https", "Acquire::Check-Date", "Acquire::Check-Valid-Until"]
    dump = subprocess.run(["apt-config", "dump", *scopes], capture_output=True, text=True, check=False).stdout
    return [line for line in dump.splitlines() if not line.endswith(' "";')]
