"""What we set on a host object and may have to change later, recorded on the object itself.

Webhooks and controllers of the host change its objects too. What changed is therefore told by comparing what is wanted
now with what was applied last, not with what the object looks like: what others did is left alone, and what the tenant
took away can be told from what others added. Of each part that can change, a digest of the value is recorded.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from reflectors.translation.json_values import Json, mapped
from reflectors.translation.metadata import APPLIED

Part: TypeAlias = tuple[str, ...]
"""("labels", "app"), ("image", "containers", "web"), ("tolerations",), ..."""

Parts: TypeAlias = Mapping[Part, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Which parts are not as they were applied last, and which were applied and are no longer wanted."""

    changed: frozenset[Part]
    removed: frozenset[Part]


def record(wanted: Parts) -> str:
    """Return the text that remembers these parts as applied."""
    return _encoded({part: _digest(value) for part, value in wanted.items()})


def record_after(wanted: Parts, host: Json, *, except_for: Iterable[Part] = ()) -> str:
    """Return the text for a `host` to which all of `wanted` is applied, except for parts that stay as recorded."""
    before, digests = _recorded(host), {part: _digest(value) for part, value in wanted.items()}
    for part in except_for:
        digests.pop(part, None)
        digests |= {part: before[part]} if part in before else {}
    return _encoded(digests)


def difference(wanted: Parts, host: Json) -> Difference:
    applied = _recorded(host)
    return Difference(
        changed=frozenset(part for part, value in wanted.items() if applied.get(part) != _digest(value)),
        removed=frozenset(applied.keys() - wanted.keys()),
    )


def _recorded(host: Json) -> dict[Part, str]:
    text = mapped(host["metadata"], "annotations").get(APPLIED, "")
    try:
        decoded = orjson.loads(text)
    except orjson.JSONDecodeError:  # somebody edited it: everything is applied again
        return {}
    if not isinstance(decoded, dict):
        return {}
    return {tuple(part.split("\t")): str(value) for part, value in decoded.items()}


def _encoded(digests: Mapping[Part, str]) -> str:
    joined = {"\t".join(part): value for part, value in digests.items()}
    return orjson.dumps(joined, option=orjson.OPT_SORT_KEYS).decode()


def _digest(value: object) -> str:
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
