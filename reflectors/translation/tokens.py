"""A pod's service account tokens: what it asks for, the one Secret on the host that holds them, when they are renewed.

Promises: every token source of a pod has a key of its own in the Secret, and is read from that key; a token is renewed
when four fifths of its life, or a day, have passed, or a little before, and not all at the same moment; how long that
is can be told from the Secret alone.
"""

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import orjson

from reflectors.translation.context import Context
from reflectors.translation.digests import digest
from reflectors.translation.json_values import Draft, Json, listed, mapped
from reflectors.translation.metadata import DOMAIN, host_annotations, host_labels, recorded
from reflectors.translation.refusal import Refusal, refuse
from reflectors.translation.writes import Create, Delete, Patch, Refuse

KIND = "Token"  # what the Secret's name is derived from, so that no Secret of the tenant's ever has it
HOLDS_LABEL, HOLDS = f"{DOMAIN}/holds", "tokens"
LIVES = f"{DOMAIN}/token-lives"

_USUAL_MODE, _READABLE = 0o644, 0o004
_USUAL_SECONDS = 3600  # as an API server's admission fills in
_RENEWED_AFTER = 0.8  # of its life, as kubelets do, less up to _JITTER of it
_JITTER = 0.05
_LONGEST_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class TokenSource:
    """One source of one projected volume."""

    key: str
    path: str
    audience: str  # empty: the API server's own
    seconds: int


class Life(NamedTuple):
    """When a token began and when it ends; seconds since 1970."""

    since: float
    until: float


class Token(NamedTuple):
    text: str
    life: Life


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for these tokens, then write them as `token_write` says."""

    sources: tuple[TokenSource, ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do, for so many seconds; None: until something changes."""

    seconds: float | None


TokenStep: TypeAlias = Request | Delete | Refuse | Rest


def token_sources(virtual: Json) -> list[TokenSource]:
    """Return all token sources of a virtual pod."""
    return [source for *_, source in _places(virtual["spec"])]


def project_tokens(spec: Draft, virtual: Json, context: Context) -> None:
    """Have the token sources of `spec`, a host pod's, read from its Secret: they are at the same places in both."""
    name = token_secret_name(virtual["metadata"], context)
    for volume, number, source in _places(virtual["spec"]):
        projected = spec["volumes"][volume]["projected"]
        item = {"key": source.key, "path": source.path, **_mode(projected, spec)}
        projected["sources"][number] = {"secret": {"name": name, "items": [item]}}


def token_secret_name(metadata: Json, context: Context) -> str:
    """Return the host name of the Secret of the pod with this metadata."""
    return context.host_name(KIND, metadata["namespace"], metadata["name"])


def next_token_step(virtual: Json | None, host: Json | None, context: Context, now: float) -> TokenStep:
    """Return what comes next for a pod's tokens; `host` is whatever Secret bears their host name."""
    sources = token_sources(virtual) if virtual else []
    owner = recorded(host, KIND, context) if host else None
    if host and owner is None:
        return _hands_off(host) if sources else Rest(None)
    if host and (not virtual or not owner or owner.uid != virtual["metadata"]["uid"] or not sources):
        return Delete(host["metadata"]["uid"], 0, "its virtual pod is gone, or another")
    if virtual is None or not sources or _has_ended(virtual):
        return Rest(None)
    renewals = {source: _renewal(source, virtual, host, now) for source in sources}
    due = tuple(source for source, when in renewals.items() if when <= now)
    return Request(due) if due else Rest(min(renewals.values()) - now)


def holds_all(virtual: Json, host: Json, context: Context) -> bool:
    """Whether `host`, a Secret, has a token for each source of this very pod."""
    owner = recorded(host, KIND, context)
    is_its_own = owner is not None and owner.uid == virtual["metadata"]["uid"]
    return is_its_own and all(source.key in mapped(host, "data") for source in token_sources(virtual))


def token_request(source: TokenSource, virtual: Json) -> Draft:
    """Return what the virtual API server is asked: a token that ends with this pod at the latest."""
    metadata = virtual["metadata"]
    bound_to = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {
            "audiences": [source.audience] if source.audience else [],
            "expirationSeconds": source.seconds,
            "boundObjectRef": bound_to,
        },
    }


def token_write(virtual: Json, host: Json | None, tokens: Mapping[str, Token], context: Context) -> Create | Patch:
    """Return the write that puts new tokens, by key, into the pod's Secret."""
    data = {key: base64.b64encode(token.text.encode()).decode() for key, token in tokens.items()}
    lives = (_lives(host) if host else {}) | {key: token.life for key, token in tokens.items()}
    plain = {key: list(life) for key, life in lives.items()}
    annotations = {LIVES: orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()}
    if host is None:
        return Create(_secret(virtual, data, annotations, context))
    identity = {field: host["metadata"][field] for field in ("uid", "resourceVersion")}
    return Patch({"metadata": {**identity, "annotations": annotations}, "data": data}, "tokens are renewed")


def _secret(virtual: Json, data: Json, annotations: Json, context: Context) -> Draft:
    metadata = virtual["metadata"]
    bare = {"metadata": {field: metadata[field] for field in ("namespace", "name", "uid")}}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": token_secret_name(metadata, context),
            "namespace": context.host_namespace,
            "labels": {**host_labels(bare, context), HOLDS_LABEL: HOLDS},
            "annotations": {**host_annotations(bare), **annotations},
        },
        "data": data,
    }


def _places(spec: Json) -> Iterator[tuple[int, int, TokenSource]]:
    """Yield each token source, with the numbers of its volume and of its place among the volume's sources."""
    for number, volume in enumerate(listed(spec, "volumes")):
        for place, projection in enumerate(listed(mapped(volume, "projected"), "sources")):
            if projection.get("serviceAccountToken"):
                yield number, place, _source(projection["serviceAccountToken"], volume["name"], place)


def _mode(projected: Json, spec: Json) -> Json:
    """Return the mode that a token's file needs beside the volume's, for its readers to read it.

    A kubelet gives a token's file to the user that the containers run as, but a Secret's file it leaves to root.
    """
    mode = projected.get("defaultMode", _USUAL_MODE)
    users = {mapped(each, "securityContext").get("runAsUser") for each in [spec, *listed(spec, "containers")]}
    return {} if mode & _READABLE or not users - {None, 0} else {"mode": mode | _READABLE}


def _source(token: Json, volume: str, place: int) -> TokenSource:
    return TokenSource(
        key=f"{volume}-{digest('token', volume, str(place))}",
        path=token["path"],
        audience=token.get("audience") or "",
        seconds=token.get("expirationSeconds") or _USUAL_SECONDS,
    )


def _renewal(source: TokenSource, virtual: Json, host: Json | None, now: float) -> float:
    """Return when a token has to be asked for; at once, if there is none, or if another clock has measured its life."""
    life = _lives(host).get(source.key) if host else None
    if life is None or not host or source.key not in mapped(host, "data") or life.since > now:
        return now
    chance = zlib.crc32(f"{virtual['metadata']['uid']} {source.key} {life.since}".encode()) / 2**32
    seconds = (life.until - life.since) * (_RENEWED_AFTER - _JITTER * chance)
    return life.since + min(seconds, _LONGEST_SECONDS)


def _lives(host: Json) -> dict[str, Life]:
    try:
        read: Any = orjson.loads(mapped(host["metadata"], "annotations").get(LIVES, "{}"))
        return {key: Life(*map(float, life)) for key, life in read.items()}
    except (ValueError, TypeError, AttributeError):  # somebody edited it: all are asked for again
        return {}


def _hands_off(host: Json) -> Refuse:
    metadata = host["metadata"]
    why = f"the host has a Secret {metadata['namespace']}/{metadata['name']} already, which is not for its tokens"
    remedy = "ask whoever runs the host cluster to remove it"
    refused = refuse([Refusal("spec.volumes", why, remedy)], "ForeignObject")
    assert refused is not None  # noqa: S101 - there is one reason
    return refused


def _has_ended(virtual: Json) -> bool:
    return mapped(virtual, "status").get("phase") in {"Succeeded", "Failed"}
