"""Versions of K3s: how they are written, which is newer, and which steps from one to another are safe."""

import re
from typing import NamedTuple

# As a release (v1.31.4+k3s1) or as a tag of its image, which cannot have a plus.
_FORM = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-(?:alpha|beta|rc)\.?(\d+))?[+-]k3s(\d+)", re.ASCII)
_KUBERNETES = re.compile(r"v?(\d+)\.(\d+)\.(\d+)", re.ASCII)
_FINAL = 10**9  # a release comes after all of its candidates


class VersionError(Exception):
    """What is no version of K3s, or a step that must not be taken."""


class K3sVersion(NamedTuple):
    """Compares as the releases follow each other."""

    major: int
    minor: int
    patch: int
    candidate: int
    build: int

    @property
    def release(self) -> str:
        return f"{self._kubernetes}+k3s{self.build}"

    @property
    def tag(self) -> str:
        """The version as images are tagged, and as a Cluster's `spec.version` has it."""
        return f"{self._kubernetes}-k3s{self.build}"

    @property
    def _kubernetes(self) -> str:
        candidate = "" if self.candidate == _FINAL else f"-rc{self.candidate}"
        return f"v{self.major}.{self.minor}.{self.patch}{candidate}"


def k3s_version(text: str) -> K3sVersion:
    """Read a release or a tag. Raises VersionError."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise VersionError(f"{text!r} is no version of K3s; write it like v1.31.4-k3s1")
    major, minor, patch, candidate, build = form.groups()
    return K3sVersion(int(major), int(minor), int(patch), _FINAL if candidate is None else int(candidate), int(build))


def host_like_version(host_version: str) -> K3sVersion:
    """Return the version for a Cluster that names none: the host's own. Raises VersionError."""
    if _FORM.fullmatch(host_version):
        return k3s_version(host_version)
    form = _KUBERNETES.match(host_version)
    if form is None:
        raise VersionError(f"the host says that its version is {host_version!r}; give spec.version")
    major, minor, patch = map(int, form.groups())
    return K3sVersion(major, minor, patch, _FINAL, 1)


def wanted_version(asked_for: str, host_version: str, running: str = "") -> K3sVersion:
    """Return the version that a Cluster is to have: the one asked for, or else the one it has, or else the host's.

    A Cluster that asks for none is not upgraded with the host: nobody said so. Raises VersionError.
    """
    if asked_for:
        return k3s_version(asked_for)
    return k3s_version(running) if running else host_like_version(host_version)


def check_step(running: str, wanted: K3sVersion) -> None:
    """Raise VersionError if the servers must not go from `running` to `wanted`; empty if nothing runs yet."""
    if not running:
        return
    now = k3s_version(running)
    if wanted < now:
        raise VersionError(
            f"{now.tag} runs, and {wanted.tag} is older: what it stored may be unreadable for older servers; "
            f"ask for {now.tag} or a newer one"
        )
    if wanted.major != now.major or wanted.minor > now.minor + 1:
        raise VersionError(
            f"{now.tag} runs, and {wanted.tag} skips a minor release, which Kubernetes does not support; "
            f"go to v{now.major}.{now.minor + 1} first"
        )
