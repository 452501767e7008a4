"""What an object of a virtual cluster is called on the host.

Promises: two different origins never share a name, however crafted; a name is a DNS label of at most 63 characters
that begins with a letter, which every kind of object accepts; it starts with what a human looks for and ends with a
digest of the whole origin; the same origin has the same name for ever.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType

from reflectors.translation.digests import LENGTH, digest

HostName = NewType("HostName", str)
LabelValue = NewType("LabelValue", str)

_MAX_LENGTH = 63
_READABLE = _MAX_LENGTH - LENGTH - 1
_NOT_IN_A_DNS_LABEL = re.compile(r"[^a-z0-9-]+")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LOOKS_DIGESTED = re.compile(rf".*-[a-z2-7]{{{LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Origin:
    """A virtual object, told apart from every other one whose host object might lie in the same host cluster."""

    kind: str
    host_namespace: str
    cluster: str
    namespace: str
    name: str


@lru_cache(maxsize=4096)  # every look at a pod asks for its name some three times: a tenth of the daemon's time
def host_name(origin: Origin) -> HostName:
    readable = "-".join(filter(None, [origin.name, origin.namespace, origin.cluster]))
    whole = digest("host name", origin.kind, origin.host_namespace, origin.cluster, origin.namespace, origin.name)
    return HostName(f"{_as_dns_label(readable, _READABLE)}-{whole}")


def hostname(pod_name: str) -> str:
    """Return a pod's name as its containers' hostname: a DNS label, which pods' names need not be."""
    return _as_dns_label(pod_name, _MAX_LENGTH, letter_first=False)


def label_value(text: str) -> LabelValue:
    """Return `text` itself where it can be a label's value, else its beginning and a digest; never one for two."""
    if len(text) <= _MAX_LENGTH and _LABEL_VALUE.fullmatch(text) and not _LOOKS_DIGESTED.fullmatch(text):
        return LabelValue(text)
    return LabelValue(f"{_as_dns_label(text, _READABLE)}-{digest('label value', text)}")


def _as_dns_label(text: str, length: int, *, letter_first: bool = True) -> str:
    label = _NOT_IN_A_DNS_LABEL.sub("-", text.lower()).strip("-")
    if not label or (letter_first and not label[0].isalpha()):
        label = f"v-{label}"  # names of Services begin with a letter
    return label[:length].strip("-")
