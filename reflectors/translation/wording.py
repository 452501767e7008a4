"""Texts that the host's Kubernetes wrote about a host pod, told of the virtual pod."""

from collections.abc import Mapping
from typing import Any

from reflectors.translation.json_values import Json

_SCALARS = (str, int, float, type(None))


def in_virtual_words(value: Any, virtual: Json, host: Json) -> Any:
    """Return a copy of `value` with the host pod's names replaced by the virtual pod's in every `message` within it."""
    replacements = _replacements(virtual["metadata"], host["metadata"])
    return _reworded(value, replacements)


def _replacements(virtual: Json, host: Json) -> Mapping[str, str]:
    """Host names carry a digest, so whatever text contains one means this pod. The longer forms come first."""
    return {
        f"{host['name']}_{host['namespace']}({host['uid']})": (
            f"{virtual['name']}_{virtual['namespace']}({virtual['uid']})"
        ),
        f"{host['namespace']}/{host['name']}": f"{virtual['namespace']}/{virtual['name']}",
        host["name"]: virtual["name"],
    }


def _reworded(value: Any, replacements: Mapping[str, str]) -> Any:
    if isinstance(value, _SCALARS):  # first, for they are most of it
        return value
    if isinstance(value, list):
        return [_reworded(item, replacements) for item in value]
    return {
        field: _replaced(content, replacements) if field == "message" else _reworded(content, replacements)
        for field, content in value.items()
    }


def _replaced(text: Any, replacements: Mapping[str, str]) -> Any:
    if not isinstance(text, str):
        return text
    for written, meant in replacements.items():
        text = text.replace(written, meant)
    return text
