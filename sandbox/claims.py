"""Which sandbox has which number, machine-wide, so that several run side by side without sharing an address.

A claim is a file named after the number that holds the sandbox's state directory. It is made before anything else
and removed after everything else, so that `down` finds what to clean even after a crash at any point between.
"""

import contextlib
import fcntl
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from pathlib import Path

from sandbox.addresses import LARGEST_INDEX, Addresses
from sandbox.errors import SandboxError


def claims_dir() -> Path:
    """Root's claims are the machine's; anybody else's are their own."""
    if os.geteuid() == 0:
        return Path("/run/vkp-sandbox")
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"vkp-sandbox-{os.geteuid()}"


def all_claims() -> dict[int, Path]:
    """Every sandbox's number and state directory."""
    folder = claims_dir()
    if not folder.is_dir():
        return {}
    return {int(entry.name): Path(entry.read_text()) for entry in folder.iterdir() if entry.name.isdigit()}


def find(state: Path) -> int | None:
    """The number of the sandbox in this state directory."""
    return next((index for index, owner in all_claims().items() if owner == state), None)


def claim(state: Path, *, preferred: int | None = None) -> int:
    """The number of this sandbox: the one it has, else the preferred, else the first that is free."""
    with _locked():
        taken = all_claims()
        mine = next((index for index, owner in taken.items() if owner == state), None)
        if mine is not None:
            return mine
        routes = _routed_networks()
        every = range(LARGEST_INDEX + 1)
        for index in every if preferred is None else (preferred, *every):
            if index not in taken and not _meets(Addresses(index), routes):
                _write(index, state)
                return index
    raise SandboxError(
        f"all {LARGEST_INDEX + 1} sandbox numbers are taken or meet routes of this machine; "
        f"end one with `python -m sandbox down --state DIRECTORY`; {claims_dir()} says where they are"
    )


def release(index: int) -> None:
    """Give the number back; the folder goes with its last claim."""
    with _locked():
        (claims_dir() / str(index)).unlink(missing_ok=True)
        if not all_claims():
            (claims_dir() / "lock").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        claims_dir().rmdir()


def _write(index: int, state: Path) -> None:
    entry = claims_dir() / str(index)
    draft = entry.with_suffix(".new")
    draft.write_text(str(state))
    draft.rename(entry)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Hold the claims' lock, on the file that is there by the time we have it."""
    path = claims_dir() / "lock"
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError), path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists() and path.samefile(f"/proc/self/fd/{lock.fileno()}"):
                yield
                return


def _meets(addresses: Addresses, networks: list[IPv4Network]) -> bool:
    ours = (addresses.network, addresses.pods, addresses.services)
    return any(mine.overlaps(theirs) for mine in ours for theirs in networks)


def _routed_networks() -> list[IPv4Network]:
    """The networks this machine already routes, its default route aside."""
    try:
        listing = subprocess.run(["ip", "-j", "-4", "route"], capture_output=True, check=True, text=True).stdout
    except FileNotFoundError:
        return []
    destinations = (route["dst"] for route in json.loads(listing or "[]"))
    networks = (ip_network(destination) for destination in destinations if destination != "default")
    return [network for network in networks if isinstance(network, IPv4Network)]
