"""The rules of Endpoints and EndpointSlices that tenants make themselves; a selector's are made on each side.

An Endpoints object is called as its Service is, and so is its copy. Of a slice the label says which Service it is of.
Which node an address is on, and which pod it is, is left out: both have other names on the host.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reflectors.translation.allow_list import Fields, LeftOut, Lost, copied, known_part
from reflectors.translation.context import Context
from reflectors.translation.host_names import label_value
from reflectors.translation.json_values import Draft, Json, is_said_alike, listed, mapped
from reflectors.translation.merging import host_object, next_copy_write, next_merge
from reflectors.translation.metadata import CLUSTER_LABEL, recorded
from reflectors.translation.service_addresses import is_external, meant
from reflectors.translation.services import KIND as SERVICE
from reflectors.translation.services import is_reflected
from reflectors.translation.writes import Create, HostWrite, Patch, PatchVirtual, Refuse

SLICE = "EndpointSlice"
SERVICE_NAME = "kubernetes.io/service-name"

_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS = frozenset({"endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"})

_ELSEWHERE = LeftOut("has another name on the host")
_ADDRESS: Fields = copied("hostname ip") | {"nodeName": _ELSEWHERE, "targetRef": _ELSEWHERE}
_PORT: Fields = copied("appProtocol name port protocol")
ENDPOINTS_FIELDS: Fields = copied("", subsets=copied("", addresses=_ADDRESS, notReadyAddresses=_ADDRESS, ports=_PORT))
_SLICE_ENDPOINT: Fields = copied("addresses hostname", conditions=copied("ready serving terminating")) | {
    "deprecatedTopology": _ELSEWHERE,
    "hints": LeftOut("are for the virtual cluster's own zones"),
    "nodeName": _ELSEWHERE,
    "targetRef": _ELSEWHERE,
    "topology": _ELSEWHERE,  # before discovery.k8s.io/v1
    "zone": _ELSEWHERE,
}
SLICE_FIELDS: Fields = copied("addressType", endpoints=_SLICE_ENDPOINT, ports=_PORT)


def has_own_endpoints(service: Json) -> bool:
    """Whether it is for the tenant to say where a Service leads, by Endpoints called like it."""
    return may_have_slices(service) and not service["spec"].get("selector")


def may_have_slices(service: Json) -> bool:
    """Whether a tenant's slices are of use to a Service: beside those of its selector, if it has one."""
    return is_reflected(service) and not is_external(meant(service))


def service_of_slice(labels: Mapping[str, str]) -> str | None:
    """Return the name of the Service that a slice is of; None for one that a controller made, or of none."""
    return None if labels.get(_MANAGED_BY) in _CONTROLLERS else labels.get(SERVICE_NAME)


@dataclass(frozen=True, slots=True)
class EndpointsRules:
    """Whoever asks has made sure that the Endpoints are of a Service that `has_own_endpoints`."""

    context: Context
    kind: str = SERVICE  # which both are called after

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        if virtual is None or host is None:
            return next_copy_write(self.kind, virtual, host, self._desired, self.context)
        if self._is_of_selector(host):
            return next_merge(self._desired(virtual).body, host)
        return next_copy_write(self.kind, virtual, host, self._desired, self.context) or self._correction(virtual, host)

    def next_virtual_write(self, virtual: Json, host: Json | None, refused: Refuse | None) -> PatchVirtual | None:  # noqa: ARG002 - nothing comes back
        return None

    def _desired(self, virtual: Json) -> Create:
        fields, lost = _known({"subsets": listed(virtual, "subsets")}, ENDPOINTS_FIELDS)
        body = host_object(virtual, "v1", self.kind, self.context, subsets=fields["subsets"] or None)
        return Create(body | {"kind": "Endpoints"}, tuple(lost))

    def _correction(self, virtual: Json, host: Json) -> Patch | None:
        """Take back what the host's controller may have written before it saw that the selector was gone."""
        wanted = self._desired(virtual).body.get("subsets")
        if is_said_alike(wanted, host.get("subsets")):
            return None
        identity = {field: host["metadata"][field] for field in ("uid", "resourceVersion")}
        return Patch({"metadata": identity, "subsets": wanted}, "somebody changed the addresses")

    def _is_of_selector(self, host: Json) -> bool:
        """Whether the host's controller made it for a Service of ours: it bears the Service's labels, and no origin."""
        labels = mapped(host["metadata"], "labels")
        is_ours = labels.get(CLUSTER_LABEL) == label_value(self.context.cluster)
        return is_ours and recorded(host, self.kind, self.context) is None


@dataclass(frozen=True, slots=True)
class SliceRules:
    """Whoever asks has made sure that the slice `is_tenants_slice`, of a Service that is on the host."""

    context: Context
    api_version: str  # on the host
    kind: str = SLICE

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        return next_copy_write(SLICE, virtual, host, self._desired, self.context)

    def next_virtual_write(self, virtual: Json, host: Json | None, refused: Refuse | None) -> PatchVirtual | None:  # noqa: ARG002 - nothing comes back
        return None

    def _desired(self, virtual: Json) -> Create | Refuse:
        metadata = virtual["metadata"]
        labels = mapped(metadata, "labels")
        service = self.context.host_name(SERVICE, metadata["namespace"], labels[SERVICE_NAME])
        renamed = {**virtual, "metadata": {**metadata, "labels": {**labels, SERVICE_NAME: service}}}
        content = {field: virtual.get(field) for field in SLICE_FIELDS}
        fields, lost = _known(content, SLICE_FIELDS)
        fields.setdefault("endpoints", [])  # an API server insists
        return Create(host_object(renamed, self.api_version, SLICE, self.context, **fields), tuple(lost))


def _known(content: Json, fields: Fields) -> tuple[Draft, list[Lost]]:
    known, lost = known_part(content, fields, "")
    return known, [replace(each, field=each.field.removeprefix(".")) for each in lost]
