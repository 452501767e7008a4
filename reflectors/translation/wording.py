"""Texts that the host's Kubernetes wrote about a host object, told of the virtual one and of what it refers to."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from reflectors.translation.context import Context
from reflectors.translation.json_values import Json, mapped
from reflectors.translation.references import references
from reflectors.translation.tokens import token_secret_name
from reflectors.translation.volumes import plain_spec

_SCALARS = (str, int, float, type(None))
_Reword = Callable[[str], str]


def in_virtual_words(value: Any, virtual: Json, host: Json, context: Context) -> Any:
    """Return a copy of `value` with names on the host replaced by virtual ones in every `message` within it."""

    @cache  # few pods have any message
    def replacements() -> Mapping[str, str]:
        return _replacements(virtual, host, context)

    def reword(text: str) -> str:
        longest_first = sorted(replacements(), key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), lambda found: replacements()[found[0]], text)

    return _reworded(value, reword)


def _replacements(virtual: Json, host: Json, context: Context) -> Mapping[str, str]:
    """Host names carry a digest, so whatever text contains one means this object."""
    there, here = host["metadata"], virtual["metadata"]
    leans_on = references(plain_spec(virtual)) if "containers" in mapped(virtual, "spec") else []
    names: dict[str, str] = {context.host_name(each.kind, here["namespace"], each.name): each.name for each in leans_on}
    names |= {there["name"]: here["name"], token_secret_name(here, context): f"tokens of {here['name']}"}
    by_uid = {
        f"{there['name']}_{there['namespace']}({there['uid']})": f"{here['name']}_{here['namespace']}({here['uid']})",
        f"pvc-{there['uid']}": f"pvc-{here['uid']}",  # what provisioners call the volume of a claim
    }
    return by_uid | {
        form.format(there["namespace"], written): form.format(here["namespace"], meant)
        for written, meant in names.items()
        for form in ('"{0}"/"{1}"', "{0}/{1}", "{1}")
    }


def _reworded(value: Any, reword: _Reword) -> Any:
    if isinstance(value, _SCALARS):  # first, for they are most of it
        return value
    if isinstance(value, list):
        return [_reworded(item, reword) for item in value]
    return {
        field: _message(content, reword) if field == "message" else _reworded(content, reword)
        for field, content in value.items()
    }


def _message(content: Any, reword: _Reword) -> Any:
    return reword(content) if content and isinstance(content, str) else content
