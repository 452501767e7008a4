"""Kubernetes' own description of its types, as the newest client's models have it.

Types are named as the models name them: `V1PodSpec`, `list[V1Container]`, `dict(str, str)`, `str`.
"""

import re
from functools import cache
from typing import Any

from hypothesis import strategies as st
from kubernetes_asyncio.client import Configuration, models

_INNER = re.compile(r"(?:list\[|dict\(str, )?(\w+)[\])]?")

# Meaningful texts where one field's meaning decides what becomes of another; any other text is as good as any other.
_TEXTS = ["a", "b", "web", "Always", "ClusterFirst", "In", "NotIn", "Exists", "metadata.name", "metadata.labels['app']"]


@cache
def fields(model: str) -> dict[str, str]:
    """The JSON names of a model's fields, each with its type."""
    described = getattr(models, model)
    return {described.attribute_map[name]: kind for name, kind in described.openapi_types.items()}


def inner(kind: str) -> str:
    """What a list or a map has: `list[V1Container]` has `V1Container`; any other type is its own."""
    found = _INNER.fullmatch(kind)
    assert found, kind
    return found[1]


def is_model(kind: str) -> bool:
    return hasattr(models, inner(kind)) and inner(kind)[0].isupper()


@cache
def required(model: str) -> frozenset[str]:
    """The JSON names of the fields that an object of this type always has."""
    described = getattr(models, model)
    lenient, strict = Configuration(), Configuration()
    lenient.client_side_validation, strict.client_side_validation = False, True
    instance = described(local_vars_configuration=lenient)
    instance.local_vars_configuration = strict
    return frozenset(
        described.attribute_map[name] for name in described.openapi_types if not _may_be_none(instance, name)
    )


def _may_be_none(instance: Any, name: str) -> bool:
    try:
        setattr(instance, name, None)
    except ValueError:
        return False
    return True


@st.composite
def objects(draw: st.DrawFn, model: str, depth: int = 0) -> dict[str, Any]:
    """Any object of the type: with the fields that it always has, and a few others, fewer the deeper."""
    known, needed = fields(model), required(model)
    optional = sorted(known.keys() - needed)
    many = max(0, 3 - depth) if optional else 0
    some = draw(st.lists(st.sampled_from(optional), max_size=many, unique=True)) if many else []
    return {name: draw(_values(known[name], depth + 1)) for name in [*sorted(needed), *some]}


@cache
def _values(kind: str, depth: int) -> st.SearchStrategy[Any]:
    if kind.startswith("dict("):
        return st.dictionaries(st.sampled_from(_TEXTS), _values(inner(kind), depth), max_size=2)
    if kind.startswith("list["):
        return st.lists(_values(inner(kind), depth), min_size=1, max_size=2)
    if is_model(kind):
        return objects(kind, depth)
    return {"int": st.integers(0, 99), "bool": st.booleans()}.get(kind, st.sampled_from(_TEXTS))


def pod_specs(max_containers: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Any spec of a pod; its containers have different names, as an API server demands."""
    containers = st.lists(objects("V1Container", 1), max_size=max_containers)
    return st.builds(
        lambda spec, several: _with_distinct_names(spec | {"containers": several}), objects("V1PodSpec"), containers
    )


def _with_distinct_names(spec: dict[str, Any]) -> dict[str, Any]:
    lists = {field: spec[field] for field in ("containers", "initContainers", "ephemeralContainers") if field in spec}
    return spec | {field: list({each["name"]: each for each in some}.values()) for field, some in lists.items()}
