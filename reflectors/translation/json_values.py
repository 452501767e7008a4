"""JSON as decoded: read-only where it comes in, fresh where it goes out."""

from collections.abc import Mapping, Sequence
from typing import Any, overload

Json = Mapping[str, Any]
"""An object that somebody else owns: never changed here."""

Draft = dict[str, Any]
"""An object made here, so free to be changed until it is handed out."""


@overload
def fresh(value: Mapping[str, Any]) -> Draft: ...
@overload
def fresh(value: Any) -> Any: ...
def fresh(value: Any) -> Any:
    """Return a copy that shares nothing changeable with `value`."""
    if isinstance(value, str):  # first, for it is what most of an object is made of
        return value
    if isinstance(value, list | tuple):
        return [fresh(item) for item in value]
    if isinstance(value, Mapping):
        return {key: fresh(item) for key, item in value.items()}
    return value


def is_said_alike(one: Any, other: Any) -> bool:
    """Whether two values mean the same to an API server, which takes null, {}, [], "" and a missing field for one."""
    if one == other:  # as most are, most of the time
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(is_said_alike(one.get(key), other.get(key)) for key in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_said_alike, one, other))
    return bool(_or_none(one) == _or_none(other))


def listed(parent: Json, field: str) -> Sequence[Any]:
    """Return the list in `field`; empty when it is missing or null."""
    return parent.get(field) or ()


def mapped(parent: Json, field: str) -> Json:
    """Return the object or map in `field`; empty when it is missing or null."""
    return parent.get(field) or {}


def _or_none(value: Any) -> Any:
    """Return None for what says nothing; {"state": {}} says nothing either."""
    if isinstance(value, Mapping):
        return None if all(_or_none(item) is None for item in value.values()) else value
    return None if value in ([], "") else value
