"""What the host's API server let fall of an object that we created there, without a word.

API servers do so with fields that they do not know yet, or whose feature is off. What would then be dangerous is
refused beforehand (`refusals`); the rest is told.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from reflectors.translation.allow_list import Lost
from reflectors.translation.context import Version
from reflectors.translation.json_values import Json


def lost_on_host(sent: Json, received: Json, host_version: Version) -> list[Lost]:
    """Return the fields of a spec that was sent which are missing in the spec that the host has."""
    why = f"the host, Kubernetes {host_version}, does not know this field or has its feature off"
    return [Lost(field, why) for field in _missing(sent["spec"], received["spec"], "spec")]


def _missing(sent: Any, received: Any, field: str) -> Iterator[str]:
    if not sent:  # null, false, 0 and empty ones are not sent back
        return
    if received is None:
        yield field
    elif isinstance(sent, Mapping):
        for name, content in sent.items():
            yield from _missing(content, received.get(name), f"{field}.{name}")
    elif isinstance(sent, list):
        for index, item in enumerate(sent):
            yield from _missing(item, _counterpart(item, index, received), f"{field}[{index}]")


def _counterpart(item: Any, index: int, received: list[Any]) -> Any:
    """Return what became of a list's item: the one of its name, for others may have been put before it."""
    if isinstance(item, Mapping) and "name" in item:
        return next((each for each in received if each.get("name") == item["name"]), None)
    return received[index] if index < len(received) else None
