"""Labels and annotations: whose a host object is, and what of the tenant's goes onto it.

Promises: every key of ours is named here; a tenant's key in our domain never reaches the host, so that nobody can
dress an object up as another tenant's or as the control plane; a host object counts as ours only if its cluster label,
its recorded origin and its name all agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reflectors.translation.context import Context
from reflectors.translation.host_names import label_value
from reflectors.translation.json_values import Json, mapped

DOMAIN = "k3k.io"

CLUSTER_LABEL = f"{DOMAIN}/cluster"
NAMESPACE_LABEL = f"{DOMAIN}/virtual-namespace"
CONTROL_PLANE_LABEL = f"{DOMAIN}/control-plane"  # on a cluster's servers and its provider: whose they are
COMPONENT_LABEL = f"{DOMAIN}/component"
SERVER = "server"

NAMESPACE = f"{DOMAIN}/virtual-namespace"
NAME = f"{DOMAIN}/virtual-name"
UID = f"{DOMAIN}/virtual-uid"
NODE = f"{DOMAIN}/virtual-node"
SERVICE_ACCOUNT = f"{DOMAIN}/virtual-service-account"
APPLIED = f"{DOMAIN}/applied"
HOST_NAMESPACE = f"{DOMAIN}/host-namespace"  # on cluster-wide objects of the host: whose they are
RESERVED = f"{DOMAIN}/reserved"  # "true" on a host object that was there before its virtual one, and outlives it
SYNC_SOURCE = f"{DOMAIN}/sync-source"  # on a virtual object that was made for one of the host: "host"
DOWNWARD_PREFIX = f"downward.{DOMAIN}/"

# On virtual Services.
AGREEING = f"{DOMAIN}/agreeing-on-address"
ADDRESS_REFUSED = f"{DOMAIN}/address-refused"

REFLECTED_CONDITION = f"{DOMAIN}/Reflected"

# What kubectl keeps for itself (as large as the pod), and how a kubelet marks the pods that it made from files.
_LEFT_OUT_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubernetes.io/config.hash",
        "kubernetes.io/config.mirror",
        "kubernetes.io/config.seen",
        "kubernetes.io/config.source",
    }
)


_MAX_ANNOTATION_BYTES = 256 * 1024  # of all keys and values of an object together: every API server's limit


@dataclass(frozen=True, slots=True)
class Recorded:
    """The virtual object that a host object of ours stands for."""

    namespace: str
    name: str
    uid: str


def is_reserved(key: str) -> bool:
    """Whether a label's or annotation's key is ours to set."""
    domain, slash, _ = key.partition("/")
    return bool(slash) and (domain == DOMAIN or domain.endswith(f".{DOMAIN}"))


def host_labels(virtual: Json, context: Context) -> dict[str, str]:
    """Return the tenant's labels, and those by which selectors stay inside one virtual namespace and cluster."""
    tenants = mapped(virtual["metadata"], "labels")
    return {key: value for key, value in tenants.items() if not is_reserved(key)} | {
        CLUSTER_LABEL: label_value(context.cluster),
        NAMESPACE_LABEL: virtual["metadata"]["namespace"],
    }


def host_annotations(virtual: Json) -> dict[str, str]:
    """Return the tenant's annotations, and the record of where the object comes from."""
    metadata = virtual["metadata"]
    tenants = mapped(metadata, "annotations")
    return {key: value for key, value in tenants.items() if not _stays_virtual(key)} | {
        NAMESPACE: metadata["namespace"],
        NAME: metadata["name"],
        UID: metadata["uid"],
    }


def lost_keys(virtual: Json) -> list[str]:
    """Return the fields of the tenant's labels and annotations that are not copied because they are reserved."""
    return [
        f"metadata.{field}[{key}]"
        for field in ("labels", "annotations")
        for key in mapped(virtual["metadata"], field)
        if is_reserved(key)
    ]


def recorded(host: Json, kind: str, context: Context) -> Recorded | None:
    """Return whose copy a host object is; None when it is not ours to touch."""
    metadata = host["metadata"]
    if mapped(metadata, "labels").get(CLUSTER_LABEL) != label_value(context.cluster):
        return None
    origin = _origin(mapped(metadata, "annotations"))
    if origin is None or metadata.get("namespace") != context.host_namespace:
        return None
    # A copy that somebody made of our object, annotations and all, bears another name.
    if metadata["name"] != context.host_name(kind, origin.namespace, origin.name):
        return None
    return origin


def is_kept(host: Json) -> bool:
    """Whether a host object of ours belongs to whatever virtual object bears its name, be that there or not."""
    return mapped(host["metadata"], "annotations").get(RESERVED) == "true"


def excess_of_annotations(host: Json) -> int:
    """Return by how many bytes an object's annotations are more than an API server takes; 0 or less if they fit."""
    annotations = mapped(host["metadata"], "annotations")
    return sum(len(text.encode()) for item in annotations.items() for text in item) - _MAX_ANNOTATION_BYTES


def _origin(annotations: Mapping[str, str]) -> Recorded | None:
    namespace, name, uid = (annotations.get(key, "") for key in (NAMESPACE, NAME, UID))
    return Recorded(namespace, name, uid) if namespace and name and uid else None


def _stays_virtual(key: str) -> bool:
    return is_reserved(key) or key in _LEFT_OUT_ANNOTATIONS
