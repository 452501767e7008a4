"""Image names as Docker and containerd write them: `busybox` is `docker.io/library/busybox:latest`.

One spelling is kept, so that whatever a pod's manifest says finds what was stored.
"""

import re
from dataclasses import dataclass

from sandbox.errors import SandboxError

DEFAULT_DOMAIN = "docker.io"
_OLD_DEFAULT_DOMAIN = "index.docker.io"
_DOMAIN = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class ImageName:
    """A normalised name; its str() is what containerd calls the image."""

    domain: str
    repository: str
    tag: str

    def __str__(self) -> str:
        return f"{self.domain}/{self.repository}:{self.tag}"


def parse_image_name(text: str) -> ImageName:
    """Read a name as Docker does. Digests (`@sha256:…`) are no names: they are refused."""
    domain, remainder = _split_domain(text)
    repository, colon, tag = remainder.partition(":")
    if domain == DEFAULT_DOMAIN and "/" not in repository:
        repository = f"library/{repository}"
    well_formed = (
        _DOMAIN.fullmatch(domain)
        and _REPOSITORY.fullmatch(repository)
        and _TAG.fullmatch(tag if colon else "latest")
        and len(domain) + len(repository) < _LONGEST
    )
    if not well_formed:
        raise SandboxError(f"{text!r} is no image name; write it like busybox:1.35 or example.com/team/app:v1")
    return ImageName(domain, repository, tag or "latest")


def _split_domain(text: str) -> tuple[str, str]:
    """The first component is a domain only if it looks like one: a dot, a port, an upper case letter or localhost."""
    first, slash, remainder = text.partition("/")
    if not slash or not (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        return DEFAULT_DOMAIN, text
    return (DEFAULT_DOMAIN if first == _OLD_DEFAULT_DOMAIN else first), remainder
