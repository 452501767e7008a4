"""Words to write an OpenAPI schema in, as CustomResourceDefinitions want it: structural, each field with its purpose.

Every function returns a new dictionary. `more` are further keywords of the schema: `default`, `pattern`, ...
"""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

# As in the API server's own types; what it cannot express is checked where quantities are read.
_QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)


def text(about: str, **more: Any) -> Schema:
    return {"description": about, "type": "string", **more}


def choice(about: str, values: Sequence[str], **more: Any) -> Schema:
    return text(about, enum=list(values), **more)


def number(about: str, *, bits: int = 32, **more: Any) -> Schema:
    return {"description": about, "type": "integer", "format": f"int{bits}", **more}


def switch(about: str, **more: Any) -> Schema:
    return {"description": about, "type": "boolean", **more}


def quantity(about: str, **more: Any) -> Schema:
    return {
        "description": about,
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "pattern": _QUANTITY,
        "x-kubernetes-int-or-string": True,
        **more,
    }


def record(about: str, properties: Mapping[str, Schema], *, required: Sequence[str] = (), **more: Any) -> Schema:
    schema = {"description": about, "type": "object", "properties": dict(properties), **more}
    return {**schema, "required": list(required)} if required else schema


def listing(about: str, items: Schema, **more: Any) -> Schema:
    return {"description": about, "type": "array", "items": items, **more}


def mapping(about: str, values: Schema, **more: Any) -> Schema:
    return {"description": about, "type": "object", "additionalProperties": values, **more}


def texts(about: str, **more: Any) -> Schema:
    return listing(about, {"type": "string"}, **more)


def labels(about: str, **more: Any) -> Schema:
    return mapping(about, {"type": "string"}, **more)


def amounts(about: str) -> Schema:
    """Amounts by the name of a resource."""
    amount = quantity("")
    del amount["description"]
    return mapping(about, amount)
