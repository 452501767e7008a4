"""Pods to translate: small ones to read, and any that hypothesis thinks of."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from reflectors.translation.context import Allowed, ApiServer, Context, Version
from reflectors.translation.json_values import Draft
from reflectors.translation.pod_spec import translated

V1_20, V1_36 = Version(1, 20), Version(1, 36)

CONTEXT = Context(
    cluster="demo",
    host_namespace="tenants",
    api_server=ApiServer("10.43.0.9", 443),
    host_version=V1_36,
    virtual_version=V1_36,
    dns_address="10.43.0.10",
)
NOW = "2026-11-22T10:00:00Z"
EVERYTHING = Allowed(
    host_network=True,
    host_pid=True,
    host_ipc=True,
    host_ports=True,
    host_path=True,
    node_volumes=True,
    privileged=True,
    external_ips=True,
    system_priority=True,
)


def pod(
    spec: Mapping[str, Any] | None = None, *, status: Mapping[str, Any] | None = None, **metadata: Any
) -> dict[str, Any]:
    """A virtual pod: shop/web with one container, and what a test is about."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "web", "uid": "v1", **metadata},
        "spec": {"nodeName": "virtual-node", "containers": [container()], **(spec or {})},
        "status": {"phase": "Pending", **(status or {})},
    }


def container(name: str = "web", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "nginx:1", **fields}


def host_pod_of(
    virtual: Mapping[str, Any], context: Context = CONTEXT, *, status: Mapping[str, Any] | None = None, **metadata: Any
) -> Draft:
    """The host pod of a virtual pod as the host has it once it is created."""
    created = translated(virtual, context).pod
    created["metadata"] |= {"uid": "h1", "resourceVersion": "7", **metadata}
    return created | {"status": {"phase": "Pending", **(status or {})}}


def frozen(value: Any) -> Any:
    """The same value, but any attempt to change it raises."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    return _FrozenList(map(frozen, value)) if isinstance(value, list) else value


class _FrozenList(list[Any]):
    """A list, for whoever only reads it."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("this list is somebody else's")

    __setitem__ = __delitem__ = __iadd__ = append = extend = insert = pop = remove = sort = reverse = clear = _refuse


def in_version(host: Version = V1_36, virtual: Version = V1_36) -> Context:
    return replace(CONTEXT, host_version=host, virtual_version=virtual)


# Names, short so that hypothesis makes equal ones often, and long up to what an API server takes.
labels_of_dns = st.lists(st.sampled_from(["a", "b", "ab", "0"]), min_size=1, max_size=3).map("-".join)
namespaces = labels_of_dns | st.sampled_from(["shop", "a-b", "a", "x" * 63])
names = labels_of_dns | st.sampled_from(["web", "a.b", "a-b", "b" * 253, ("c" * 49) + "." + ("c" * 203)])

label_keys = st.sampled_from(["app", "tier", "example.com/part", "k3k.io/cluster", "k3k.io/virtual-namespace"])
label_values = st.sampled_from(["", "a", "b", "demo", "shop"])
labels = st.dictionaries(label_keys, label_values)
annotations = st.dictionaries(label_keys | st.sampled_from(["note", "downward.k3k.io/a", "k3k.io/applied"]), st.text())

scalars = st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
