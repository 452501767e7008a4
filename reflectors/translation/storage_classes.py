"""Storage classes of the host, offered in the virtual cluster under their own names.

Promises: a copy says how claims of the class behave, and nothing of how the host makes volumes; nobody in the virtual
cluster provisions for it; a class that the tenant made is left alone.
"""

from reflectors.translation.json_values import Draft, Json, mapped
from reflectors.translation.metadata import DOMAIN, SYNC_SOURCE, is_reserved
from reflectors.translation.placeholder_volumes import PROVISIONER
from reflectors.translation.refusal import Refusal, refuse
from reflectors.translation.writes import Create, Delete, HostWrite, Patch

KIND = "StorageClass"
SYNC_ENABLED = f"{DOMAIN}/sync-enabled"
HOST_PROVISIONER = f"{DOMAIN}/host-provisioner"

_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_FIXED = ("provisioner", "reclaimPolicy", "volumeBindingMode")  # never changed on a class that is there
_DEFAULTS = {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "allowVolumeExpansion": False}


class StorageClassRules:
    """Originals are the host's, copies the virtual ones."""

    kind = KIND

    def copy_name(self, name: str) -> str:
        return name

    def original_name(self, copy: Json) -> str:
        name: str = copy["metadata"]["name"]
        return name

    def next_write(self, original: Json | None, copy: Json | None) -> HostWrite | None:
        """Return the next write on the virtual class; `original` is None unless it is to be offered."""
        if original is not None and not is_offered(original):
            original = None
        if copy is None:
            return None if original is None else Create(virtual_class(original))
        if mapped(copy["metadata"], "labels").get(SYNC_SOURCE) != "host":
            why = "the host offers a StorageClass of this name, and it cannot be seen behind this one"
            remedy = "give this one another name, if claims are to use the host's"
            return None if original is None else refuse([Refusal("metadata.name", why, remedy)], "ForeignObject")
        if original is None:
            return Delete(copy["metadata"]["uid"], 0, "the host's class is gone, or is not offered")
        wanted = virtual_class(original)
        if any(_said(wanted, field) != _said(copy, field) for field in _FIXED):
            return Delete(copy["metadata"]["uid"], 0, "the host's class was made anew")
        return _change(wanted, copy)


def is_offered(host: Json) -> bool:
    """Whether the host's administrators let virtual clusters have the class."""
    return bool(mapped(host["metadata"], "labels").get(SYNC_ENABLED, "true") == "true")


def virtual_class(host: Json) -> Draft:
    """Return the copy: parameters name the host's machinery and its Secrets, topologies its nodes; they stay there."""
    metadata = host["metadata"]
    labels, annotations = mapped(metadata, "labels"), mapped(metadata, "annotations")
    defaults = {key: annotations[key] for key in _DEFAULT if key in annotations}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": KIND,
        "metadata": {
            "name": metadata["name"],
            "labels": {key: value for key, value in labels.items() if not is_reserved(key)} | {SYNC_SOURCE: "host"},
            "annotations": defaults | {HOST_PROVISIONER: host["provisioner"]},
        },
        "provisioner": PROVISIONER,
        **{field: _said(host, field) for field in _DEFAULTS},
    }


def _change(wanted: Json, copy: Json) -> Patch | None:
    metadata = {
        field: change
        for field in ("labels", "annotations")
        if (change := _by_key(wanted["metadata"][field], mapped(copy["metadata"], field)))
    }
    field = "allowVolumeExpansion"
    expansion = {field: wanted[field]} if _said(copy, field) != wanted[field] else {}
    if not metadata and not expansion:
        return None
    return Patch({"metadata": {"uid": copy["metadata"]["uid"], **metadata}, **expansion}, "the host's class changed")


def _by_key(wanted: Json, present: Json) -> Draft:
    """Return what a merge patch has to say; keys that we never set are the tenant's own."""
    gone = {key: None for key in _DEFAULT if key in present and key not in wanted}
    return gone | {key: value for key, value in wanted.items() if present.get(key) != value}


def _said(body: Json, field: str) -> object:
    value = body.get(field)
    return _DEFAULTS.get(field) if value is None else value
