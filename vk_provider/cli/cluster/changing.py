"""Changes of a Cluster: the patch that options make, what it comes to, and how that is shown."""

from collections.abc import Iterator, Mapping
from typing import Any

from vk_provider.cli.output import Json

_EXPOSURES = ("ingress", "loadBalancer", "nodePort")


def patch_of(spec: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a merge patch; an exposure takes the place of any other."""
    spec = dict(spec)
    if "expose" in spec:
        spec["expose"] = {**dict.fromkeys(_EXPOSURES), **spec["expose"]}
    parts = {"metadata": metadata, "spec": spec}
    return {name: part for name, part in parts.items() if part}


def changed(body: Any, patch: Any) -> Any:
    """Return the body with the merge patch (RFC 7386) applied to it."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(body) if isinstance(body, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = changed(result.get(key), value)
    return result


def differences(before: Json, after: Json) -> Iterator[str]:
    """Yield a line for each field that differs: what it was, and what it will be."""
    for part in ("metadata", "spec"):
        yield from _differences(part, before.get(part), after.get(part))


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _differences(f"{path}.{key}", before.get(key), after.get(key))
        return
    yield f"{path}: {_told(before)} -> {_told(after)}"


def _told(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_told(each)}" for key, each in value.items()) or "(defaults)"
    if isinstance(value, list):
        return ", ".join(_told(each) for each in value) or "(none)"
    return str(value)
