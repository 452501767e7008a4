"""Values as people type them for fields of a Cluster, read as K3k's command line reads them where that has them."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vk_provider.cli.exits import Exit, Failure

SYNC_KINDS = (
    "services",
    "configMaps",
    "secrets",
    "persistentVolumeClaims",
    "ingresses",
    "priorityClasses",
    "storageClasses",
)
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


def listed(texts: Iterable[str]) -> list[str]:
    """Return the parts: an option may be repeated, and holds several parts joined by commas; quotes keep a comma."""
    return [part for text in texts for row in csv.reader([text]) for part in row if part]


def arguments(option: str, texts: Iterable[str]) -> list[str]:
    """Return K3s flags, each of which begins with a dash."""
    found = listed(texts)
    for each in found:
        if not each.startswith("-"):
            what = f"{option}: {each!r} is no flag; arguments are separated by commas"
            raise Failure(what, Exit.USAGE, advice=f"A comma within one stands in quotes: {option} '\"--disable=a,b\"'")
    return found


def environment(option: str, texts: Iterable[str]) -> list[dict[str, str]]:
    """Return NAME=VALUE pairs as containers have them; a value may hold more of `=`."""
    return [{"name": name, "value": value} for name, value in _pairs(option, texts, "NAME=VALUE", _ENV_NAME)]


def pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    """Return KEY=VALUE pairs."""
    return dict(_pairs(option, texts, "KEY=VALUE", None))


def changes(option: str, texts: Iterable[str]) -> dict[str, str | None]:
    """Return KEY=VALUE pairs to set, and None for each `KEY-`, which is to go."""
    found: dict[str, str | None] = {}
    for text in listed(texts):
        if text.endswith("-") and "=" not in text:
            found[text[:-1]] = None
        else:
            found.update(pairs(option, [text]))
    return found


def sync(texts: Iterable[str], off: Iterable[str]) -> dict[str, Any]:
    """Return `spec.sync` for what is to be reflected (KIND, or KIND:LABEL=VALUE,...) and what is not."""
    found: dict[str, Any] = {}
    for text in texts:
        kind, colon, selector = text.partition(":")
        entry: dict[str, Any] = {"enabled": True}
        if colon:
            entry["selector"] = pairs("--sync", [selector])
        found[_kind("--sync", kind)] = entry
    for text in listed(off):
        found[_kind("--no-sync", text)] = {"enabled": False}
    return found


def secret_mounts(texts: Sequence[str]) -> list[dict[str, str]]:
    """Return mounts from SECRET:PATH."""
    found = []
    for text in texts:
        secret, _, path = text.partition(":")
        if not secret or not path.startswith("/"):
            raise Failure(f"--secret-mount: {text!r} is not of the form SECRET:/PATH", Exit.USAGE)
        found.append({"name": secret.replace(".", "-")[:63], "secretName": secret, "mountPath": path})
    return found


def exposure(kind: str, port: int | None, ingress_class: str | None, annotations: Mapping[str, str]) -> dict[str, Any]:
    """Return `spec.expose`; empty for a ClusterIP without annotations."""
    if ingress_class and kind != "ingress":
        raise Failure("--ingress-class is for --expose ingress", Exit.USAGE)
    if port is not None and kind not in ("loadbalancer", "nodeport"):
        raise Failure("--expose-port is for --expose loadbalancer or nodeport", Exit.USAGE)
    ports = {} if port is None else {"serverPort": port}
    annotated = {"annotations": dict(annotations)} if annotations else {}
    match kind:
        case "nodeport":
            return {"nodePort": ports, **annotated}
        case "loadbalancer":
            return {"loadBalancer": ports, **annotated}
        case "ingress":
            return {"ingress": {**({"ingressClassName": ingress_class} if ingress_class else {}), **annotated}}
    return annotated


def _pairs(option: str, texts: Iterable[str], form: str, name: re.Pattern[str] | None) -> Iterable[tuple[str, str]]:
    for text in listed(texts):
        key, equals, value = text.partition("=")
        if not equals or not key or (name and not name.fullmatch(key)):
            raise Failure(f"{option}: {text!r} is not of the form {form}", Exit.USAGE)
        yield key, value


def _kind(option: str, text: str) -> str:
    for kind in SYNC_KINDS:
        if text.lower() == kind.lower():
            return kind
    raise Failure(f"{option}: {text!r} is none of {', '.join(SYNC_KINDS)}", Exit.USAGE)
