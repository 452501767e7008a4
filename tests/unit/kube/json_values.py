"""JSON as an API server may send it: any value, written in any of the ways that JSON allows."""

import json
from typing import Any

from hypothesis import strategies as st

texts = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
written: st.SearchStrategy[bytes] = st.builds(
    lambda value, spaces, ascii_only: json.dumps(value, indent=spaces, ensure_ascii=ascii_only).encode(),
    values,
    st.sampled_from([None, 0, 1, 3]),
    st.booleans(),
)
field_names = texts.filter(lambda name: name not in {"apiVersion", "kind", "metadata"})
fields: st.SearchStrategy[dict[str, bytes]] = st.dictionaries(
    field_names | st.sampled_from(["spec", "status", "data"]), written, max_size=5
)


def as_object(fields: dict[str, bytes], **known: Any) -> bytes:
    """An object's JSON with these fields as they are written."""
    pairs = [(name, json.dumps(value).encode()) for name, value in known.items()] + list(fields.items())
    return b"{%s}" % b",".join(json.dumps(name).encode() + b" : " + value for name, value in pairs)
