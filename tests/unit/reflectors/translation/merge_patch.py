"""What an API server makes of a JSON merge patch (RFC 7386)."""

from typing import Any

from reflectors.translation.json_values import fresh


def merge_patched(original: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return fresh(patch)
    result = fresh(original) if isinstance(original, dict) else {}
    for field, value in patch.items():
        if value is None:
            result.pop(field, None)
        else:
            result[field] = merge_patched(result.get(field), value)
    return result
