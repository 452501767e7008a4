"""Copying by a list of what is known: a field that is not on the list does not reach the host, and is named.

The lists (`pod_fields`, `container_fields`, `volume_fields`) say for every field of the API what becomes of it and, if
it is not copied, why. Null is copied as absent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from reflectors.translation.json_values import Draft, Json, fresh


@dataclass(frozen=True, slots=True)
class Copied:
    """As it is; where it has fields of its own (or is a list of what has), only those in `inside`."""

    inside: "Fields | None" = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """What the host gets instead is computed elsewhere."""

    by: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Has done its work in the virtual cluster, or means nothing on the host: no loss to anybody."""

    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Asked for and not given: the tenant is told."""

    field: str
    why: str

    def __str__(self) -> str:
        return f"{self.field}: {self.why}"


Treatment: TypeAlias = Copied | Replaced | LeftOut
Fields: TypeAlias = Mapping[str, Treatment]

UNKNOWN = "not known to this version of vk-provider, so left out on the host"


def copied(names: str, **inside: Fields) -> dict[str, Treatment]:
    """Return a list of fields copied whole, `names`, and of those copied as far as their own list goes."""
    return {**{name: Copied() for name in names.split()}, **{name: Copied(fields) for name, fields in inside.items()}}


def known_part(value: Json, fields: Fields, path: str) -> tuple[Draft, list[Lost]]:
    """Return a fresh copy of what `fields` lets through, and what it does not know."""
    copy: Draft = {}
    lost: list[Lost] = []
    for field, content in value.items():
        treatment = fields.get(field)
        if content is None:
            continue
        if treatment is None:
            lost.append(Lost(f"{path}.{field}", UNKNOWN))
        elif isinstance(treatment, Copied):
            copy[field], unknown = _known_value(content, treatment.inside, f"{path}.{field}")
            lost += unknown
    return copy, lost


def _known_value(value: Any, fields: Fields | None, path: str) -> tuple[Any, Iterable[Lost]]:
    if fields is None:
        return fresh(value), ()
    if isinstance(value, Mapping):
        return known_part(value, fields, path)
    items = [known_part(item, fields, f"{path}[{index}]") for index, item in enumerate(value)]
    return [copy for copy, _ in items], [each for _, lost in items for each in lost]
