"""What an API server makes of a strategic merge patch of a pod: as much of it as our patches use."""

from typing import Any

from reflectors.translation.json_values import Draft, Json, fresh

# Lists that are merged item by item, with what identifies an item; all others are replaced.
_KEYS = {
    "conditions": "type",
    "containers": "name",
    "ephemeralContainers": "name",
    "hostIPs": "ip",
    "initContainers": "name",
    "podIPs": "ip",
}


def merged(original: Json, patch: Json) -> Draft:
    if patch.get("$patch") == "replace":
        return {field: fresh(value) for field, value in patch.items() if field != "$patch"}
    result = fresh(original)
    for field, value in patch.items():
        if value is None:
            result.pop(field, None)
        elif isinstance(value, dict):
            result[field] = merged(result.get(field) or {}, value)
        elif isinstance(value, list) and field in _KEYS:
            result[field] = _merged_list(result.get(field) or [], value, _KEYS[field])
        else:
            result[field] = fresh(value)
    return result


def _merged_list(original: list[Any], patch: list[Any], key: str) -> list[Any]:
    if {"$patch": "replace"} in patch:
        return [fresh(item) for item in patch if item != {"$patch": "replace"}]
    items = {item[key]: item for item in original}
    for item in patch:
        if item.get("$patch") == "delete":
            items.pop(item[key], None)
        else:
            items[item[key]] = merged(items.get(item[key], {}), item)
    return list(items.values())
