"""What must hold for a Cluster, each rule once: in words, in CEL and in Python.

API servers that know CEL refuse what breaks a rule; where they do not, the controller does, in the same words. So the
words name no value. What CEL cannot say, or not in every version, is in `checks`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vk_provider.controller.names import LONGEST, RESERVED

Json = Mapping[str, Any]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_NAME = rf"^{_LABEL}([.]{_LABEL})*$"
VERSION = r"^v1[.][0-9]+[.][0-9]+(-(alpha|beta|rc)[.]?[0-9]+)?[-+]k3s[0-9]+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`path` is where the value stands, with `[]` for each item of a list; a value that is not there is not judged."""

    path: str
    what: str  # is wrong with the value, and what to do
    cel: str
    holds: Callable[[Any], bool]

    def broken(self, root: Json) -> Iterator[str]:
        """Where in an object, as in `spec.addons[1].secretRef`."""
        return (path for path, value in values_at(self.path, root) if not self.holds(value))


def values_at(path: str, root: Json) -> Iterator[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [("", root)]
    for step in path.replace("[]", ".[]").split("."):
        found = [below for place, value in found for below in _below(place, value, step)]
    yield from found


def _below(place: str, value: Any, step: str) -> Iterator[tuple[str, Any]]:
    if step == "[]":
        yield from ((f"{place}[{number}]", item) for number, item in enumerate(value))
    elif value.get(step) is not None:
        yield f"{place}.{step}".lstrip("."), value[step]


def _matching(path: str, pattern: str, what: str) -> Rule:
    """An empty text is nothing said."""
    form = re.compile(pattern.replace("$", r"\Z"))  # RE2's `$` matches at the very end only
    cel = f"self == '' || self.matches(r'{pattern}')"
    return Rule(path=path, what=what, cel=cel, holds=lambda value: value == "" or bool(form.search(value)))


def _name(path: str, kind: str) -> Rule:
    return _matching(path, DNS_NAME, f"cannot be the name of {kind}; use a-z, 0-9, '-' and '.'")


def _one_of(path: str, *values: str) -> Rule:
    what = f"is not one of {', '.join(values)}"
    return Rule(path=path, what=what, cel=f"self in {list(values)}", holds=values.__contains__)


def _at_least(path: str, least: int) -> Rule:
    return Rule(path=path, what=f"must be at least {least}", cel=f"self >= {least}", holds=lambda value: value >= least)


def _port(path: str, least: int, what: str) -> Rule:
    cel = f"self >= {least} && self <= 65535" if least else "self <= 65535"
    return Rule(path=path, what=what, cel=cel, holds=lambda value: (not least or value >= least) and value <= 65535)


def _needs(path: str, field: str, what: str) -> Rule:
    cel = f"has(self.{field}) && self.{field} != ''"
    return Rule(path=path, what=f"{field} is missing; {what}", cel=cel, holds=lambda value: bool(value.get(field)))


def _has_one_exposure(expose: Json) -> bool:
    return sum(expose.get(kind) is not None for kind in ("ingress", "loadBalancer", "nodePort")) <= 1


def _has_host_for_ingress(spec: Json) -> bool:
    expose = spec.get("expose") or {}
    return expose.get("ingress") is None or any(map(is_host_name, spec.get("tlsSANs") or []))


def is_host_name(name: str) -> bool:
    """Tell a DNS name from an address; what is neither is told elsewhere."""
    return ":" not in name and any(character.isalpha() for character in name)


_SOURCES = ("serverCA", "clientCA", "requestHeaderCA", "etcdServerCA", "etcdPeerCA", "serviceAccountToken")
_NO_PORT = "is no port from 1 to 65535; leave it out for"

CLUSTER_RULES = (
    Rule(
        path="metadata.name",
        what="is kept for ourselves; choose another name",
        cel=f"!(self in {sorted(RESERVED)})",
        holds=lambda name: name not in RESERVED,
    ),
    Rule(
        path="metadata.name",
        what=f"is too long; use up to {LONGEST} characters",
        cel=f"self.size() <= {LONGEST}",
        holds=lambda name: len(name) <= LONGEST,
    ),
    _matching("metadata.name", f"^{_LABEL}$", "is no DNS label, and Services are named after it; use a-z, 0-9 and '-'"),
    _matching("spec.version", VERSION, "is no version of K3s; write it like v1.33.4-k3s1"),
    _at_least("spec.servers", 1),
    _at_least("spec.agents", 0),
    _one_of("spec.persistence.type", "dynamic", "ephemeral"),
    _name("spec.persistence.storageClassName", "a StorageClass"),
    Rule(
        path="spec.expose",
        what="names more than one of ingress, loadBalancer and nodePort; keep one",
        cel="[has(self.ingress), has(self.loadBalancer), has(self.nodePort)].filter(x, x).size() <= 1",
        holds=_has_one_exposure,
    ),
    Rule(
        path="spec",
        what="expose.ingress takes its hosts from tlsSANs, where there is no DNS name; add one",
        cel="!has(self.expose) || !has(self.expose.ingress)"
        " || (has(self.tlsSANs) && self.tlsSANs.exists(name, !name.contains(':') && name.matches('[a-zA-Z]')))",
        holds=_has_host_for_ingress,
    ),
    _name("spec.expose.ingress.ingressClassName", "an IngressClass"),
    _port("spec.expose.loadBalancer.serverPort", 1, f"{_NO_PORT} 443"),
    _port("spec.expose.loadBalancer.etcdPort", 0, "is no port; leave it out"),
    _port("spec.expose.nodePort.serverPort", 1, f"{_NO_PORT} one that the host chooses"),
    _port("spec.expose.nodePort.etcdPort", 0, "is no port; leave it out"),
    _name("spec.priorityClass", "a PriorityClass"),
    _name("spec.runtimeClassName", "a RuntimeClass"),
    _needs("spec.tokenSecretRef", "name", "name the Secret that has the token, or leave all out"),
    _name("spec.tokenSecretRef.name", "a Secret"),
    _needs("spec.addons[]", "secretRef", "name the Secret that has the manifests"),
    _name("spec.addons[].secretRef", "a Secret"),
    *(_name(f"spec.customCAs.sources.{source}.secretName", "a Secret") for source in _SOURCES),
    _matching("spec.secretMounts[].name", f"^{_LABEL}$", "cannot be the name of a volume; use a-z, 0-9 and '-'"),
    _needs("spec.secretMounts[]", "secretName", "name the Secret"),
    _name("spec.secretMounts[].secretName", "a Secret"),
    _needs("spec.secretMounts[]", "mountPath", "say where the Secret is mounted"),
    _matching("spec.secretMounts[].mountPath", "^/", "must begin with /"),
)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A field that cannot change. In CEL the rule stands where the last record of the path does.

    An empty text is as good as none, unless `empty_counts`; the controller cannot tell these.
    """

    path: str
    empty_counts: bool = False

    @property
    def what(self) -> str:
        return f"{self._name} cannot be changed; make another Cluster for that"

    @property
    def cel(self) -> str:
        new, old = f"self.{self._name}", f"oldSelf.{self._name}"
        if self.empty_counts:
            return f"has({new}) == has({old}) && (!has({new}) || {new} == {old})"
        return f"(has({new}) ? {new} : '') == (has({old}) ? {old} : '')"

    @property
    def _name(self) -> str:
        return self.path.rpartition(".")[2]


POLICY_FIXED = (Fixed("spec.allowedMode"),)
FIXED = (
    Fixed("spec.mode"),
    Fixed("spec.clusterCIDR"),
    Fixed("spec.serviceCIDR"),
    Fixed("spec.clusterDNS"),
    Fixed("spec.persistence.type"),
    Fixed("spec.persistence.storageClassName", empty_counts=True),
    Fixed("spec.persistence.storageRequestSize"),
)
