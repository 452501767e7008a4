"""The control groups of a sandbox: what every process of its nodes is in, however it came to be.

They serve two ends: the kubelets' pods live in them, and `down` ends whatever they hold, also after a crash.
Both versions work; version 1 has one tree a controller, version 2 one for all.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.errors import SandboxError

ROOT = Path("/sys/fs/cgroup")
NEEDED = ("cpu", "cpuset", "memory", "pids")


def is_version_2() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def name(index: int) -> str:
    """The sandbox's top group."""
    return f"vkp-{index}"


def check() -> None:
    """Refuse a machine whose kernel cannot hold pods."""
    if is_version_2():
        offered = set((ROOT / "cgroup.controllers").read_text().split())
    else:
        offered = {controller for folder in _trees() for controller in folder.name.split(",")}
    missing = [controller for controller in NEEDED if controller not in offered]
    if missing:
        raise SandboxError(
            f"the cgroup controllers {', '.join(missing)} are not mounted below {ROOT}; mount them, "
            "or run API servers only: `python -m sandbox up --no-nodes`"
        )


def create(path: str) -> None:
    """Make a group for a kubelet's pods, with all controllers, in every tree."""
    for tree in _trees():
        folder = tree
        for part in Path(path).parts:
            if is_version_2():
                _enable_controllers(folder)
            folder = folder / part
            folder.mkdir(exist_ok=True)
            if (folder / "cpuset.cpus").exists() and not is_version_2():
                _inherit_cpuset(folder)
    if is_version_2():
        _enable_controllers(ROOT / path)


def procs_files(path: str) -> list[Path]:
    """Make a group for daemons and return the files through which a process enters it."""
    entries = []
    for tree in _trees():
        if not is_version_2() and tree.name == "cpuset":
            continue
        (tree / path).mkdir(parents=True, exist_ok=True)
        entries.append(tree / path / "cgroup.procs")
    return entries


def remove(path: str) -> None:
    """End every process in the group and below, then remove the groups."""
    _kill_all(path)
    for tree in _trees():
        for folder in sorted(_groups(tree / path), reverse=True):
            _remove_one(folder)


def exists(path: str) -> bool:
    return any((tree / path).is_dir() for tree in _trees())


def _kill_all(path: str) -> None:
    deadline = time.monotonic() + 30
    while pids := {pid for tree in _trees() for group in _groups(tree / path) for pid in _pids(group)}:
        if time.monotonic() > deadline:
            raise SandboxError(f"processes {sorted(pids)} in cgroup {path} survive SIGKILL; see /proc/PID/stack")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _remove_one(folder: Path) -> None:
    """Remove an empty group; the kernel may need a moment after its last process."""
    deadline = time.monotonic() + 10
    while folder.exists():
        try:
            folder.rmdir()
        except OSError as error:
            if time.monotonic() > deadline:
                raise SandboxError(f"cannot remove cgroup {folder}: {error}; try `down` again") from error
            time.sleep(0.02)


def _trees() -> list[Path]:
    """The mounted hierarchies: one in version 2, one a controller in version 1."""
    if is_version_2():
        return [ROOT]
    if not ROOT.is_dir():
        return []
    # Links such as cpu -> cpu,cpuacct name a tree twice; named hierarchies such as systemd count too.
    return [entry for entry in ROOT.iterdir() if not entry.is_symlink() and (entry / "cgroup.procs").exists()]


def _groups(top: Path) -> Iterator[Path]:
    if top.is_dir():
        yield top
        for folder in top.rglob("*/"):
            if folder.is_dir():
                yield folder


def _pids(group: Path) -> list[int]:
    try:
        return [int(line) for line in (group / "cgroup.procs").read_text().split()]
    except OSError:  # gone since, or a threaded group
        return []


def _enable_controllers(folder: Path) -> None:
    offered = (folder / "cgroup.controllers").read_text().split()
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in offered))


def _inherit_cpuset(folder: Path) -> None:
    """A version 1 cpuset takes no process until it names processors and memory."""
    for file in ("cpuset.cpus", "cpuset.mems"):
        if not (folder / file).read_text().strip():
            (folder / file).write_text((folder.parent / file).read_text())
