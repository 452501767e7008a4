"""Priority classes of a virtual cluster: on the host they are cluster-wide, so each cluster's have names of their own.

Promises: no two clusters share one, be they called alike, in host namespaces of any name; none is the host's default;
none is above `MOST`, so that tenants, who may choose any value, do not come before what the host itself needs.
"""

from reflectors.translation.allow_list import Lost
from reflectors.translation.context import Context
from reflectors.translation.host_names import label_value
from reflectors.translation.json_values import Draft, Json, mapped
from reflectors.translation.metadata import CLUSTER_LABEL, HOST_NAMESPACE, NAME, UID
from reflectors.translation.refusal import Refusal, refuse
from reflectors.translation.writes import Create, Delete, HostWrite, Patch

KIND = "PriorityClass"
MOST = 1_000_000

_SYSTEM = "system-"  # every cluster has its own of these; no other class may begin so


class PriorityClassRules:
    """Originals are the virtual ones, copies the host's."""

    kind = KIND

    def __init__(self, context: Context) -> None:
        self._context = context

    def copy_name(self, name: str) -> str:
        return self._context.host_name(KIND, "", name)

    def original_name(self, copy: Json) -> str:
        """Return the virtual class's name; empty if the host's class is not ours to touch."""
        metadata = copy["metadata"]
        labels, annotations = mapped(metadata, "labels"), mapped(metadata, "annotations")
        name: str = annotations.get(NAME) or ""
        is_of_cluster = labels.get(CLUSTER_LABEL) == label_value(self._context.cluster)
        is_of_namespace = annotations.get(HOST_NAMESPACE) == self._context.host_namespace
        is_ours = is_of_cluster and is_of_namespace and metadata["name"] == self.copy_name(name)
        return name if is_ours else ""

    def next_write(self, original: Json | None, copy: Json | None) -> HostWrite | None:
        """Return the next write on the host's class; `original` is None unless it is wanted there."""
        if original is not None and is_system(original["metadata"]["name"]):
            original = None
        if copy is None:
            return None if original is None else Create(host_class(original, self._context), _lost(original))
        if not self.original_name(copy):
            why = f"the host has a PriorityClass {copy['metadata']['name']} already, which is not this one's"
            remedy = "ask whoever runs the host cluster to remove it"
            return None if original is None else refuse([Refusal("metadata.name", why, remedy)], "ForeignObject")
        if original is None:
            return Delete(copy["metadata"]["uid"], 0, "its virtual class is gone, or is not to be on the host")
        return _change(original, host_class(original, self._context), copy)


def is_system(name: str) -> bool:
    return name.startswith(_SYSTEM)


def host_class(virtual: Json, context: Context) -> Draft:
    metadata = virtual["metadata"]
    annotations = {NAME: metadata["name"], UID: metadata["uid"], HOST_NAMESPACE: context.host_namespace}
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": KIND,
        "metadata": {
            "name": context.host_name(KIND, "", metadata["name"]),
            "labels": {CLUSTER_LABEL: label_value(context.cluster)},
            "annotations": annotations,
        },
        "value": min(virtual["value"], MOST),
        "globalDefault": False,
        "preemptionPolicy": virtual.get("preemptionPolicy") or "PreemptLowerPriority",
        "description": virtual.get("description") or "",
    }


def _change(virtual: Json, wanted: Json, copy: Json) -> HostWrite | None:
    uid = copy["metadata"]["uid"]
    if mapped(copy["metadata"], "annotations").get(UID) != virtual["metadata"]["uid"]:
        return Delete(uid, 0, "its virtual class was recreated")
    if copy["value"] != wanted["value"] or copy.get("preemptionPolicy") != wanted["preemptionPolicy"]:
        return Delete(uid, 0, "what cannot be changed on it is not as it should be")
    differing = {
        field: wanted[field]
        for field, absent in (("globalDefault", False), ("description", ""))
        if (copy.get(field) or absent) != wanted[field]
    }
    return Patch({"metadata": {"uid": uid}, **differing}, "changed") if differing else None


def _lost(virtual: Json) -> list[Lost]:
    """Return what the tenant has to know; that a class is the default counts all the same: pods are told its name."""
    return [Lost("value", f"is {MOST} on the host, the highest given there")] if virtual["value"] > MOST else []
