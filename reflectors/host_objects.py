"""What every reflector asks of the host's objects: which of them are our cluster's, and whose copies they are."""

from typing import Any

from kube.objects import Key, Object
from reflectors.translation.context import Context
from reflectors.translation.host_names import label_value
from reflectors.translation.metadata import CLUSTER_LABEL, Recorded, recorded


def ours(context: Context) -> str:
    """Return the label selector of all host objects of this virtual cluster."""
    return f"{CLUSTER_LABEL}={label_value(context.cluster)}"


def origin_of(host: Object, kind: str, context: Context) -> Recorded | None:
    """Return whose copy a host object is, as `metadata.recorded` does, without decoding what it holds."""
    metadata = host.metadata
    head = {
        "name": metadata.name,
        "namespace": metadata.namespace,
        "labels": metadata.labels,
        "annotations": metadata.annotations,
    }
    return recorded({"metadata": head}, kind, context)


def key_of_original(host: Object, kind: str, context: Context) -> Key | None:
    origin = origin_of(host, kind, context)
    return Key(origin.namespace, origin.name) if origin else None


def is_copy_of(host: Object, virtual: Object, kind: str, context: Context) -> bool:
    """Whether it stands for this very object, and not for a predecessor of its name."""
    origin = origin_of(host, kind, context)
    return origin is not None and origin.uid == virtual.uid


def body_of(obj: Object | None) -> dict[str, Any] | None:
    return None if obj is None else obj.to_dict()
