"""The rules of Services: a host Service for each, which selects the same pods and has the same addresses.

Promises: a Service reaches no pod but those of its own virtual namespace and cluster; it is never deleted and made anew
in the virtual cluster for an address; what would draw other people's traffic (`externalIPs`) needs a grant. The Service
of the API server itself stays virtual: pods find it without.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from reflectors.translation.allow_list import Lost
from reflectors.translation.context import Context
from reflectors.translation.external_names import host_external_name
from reflectors.translation.json_values import Draft, Json, fresh, is_said_alike, listed, mapped
from reflectors.translation.merging import host_object, next_copy_write
from reflectors.translation.metadata import ADDRESS_REFUSED, AGREEING, is_reserved, lost_keys, recorded
from reflectors.translation.refusal import ASK, Refusal, refuse
from reflectors.translation.selectors import scoped_labels
from reflectors.translation.service_addresses import (
    addresses,
    adopted_node_ports,
    attempts,
    is_adopting,
    is_agreed,
    is_external,
    is_headless,
    is_refused,
    meant,
    released,
    restored,
    wishes,
)
from reflectors.translation.service_fields import known_fields
from reflectors.translation.writes import Create, Delete, HostWrite, Patch, PatchVirtual, Refuse

KIND = "Service"


def is_reflected(virtual: Json) -> bool:
    """Whether a Service is to be on the host: all but that of the virtual API server."""
    metadata = virtual["metadata"]
    return (metadata["namespace"], metadata["name"]) != ("default", "kubernetes")


@dataclass(frozen=True, slots=True)
class ServiceRules:
    context: Context
    holder: Callable[[str], object | None] = lambda _: None
    """Which Service has an address in the virtual cluster at the moment; whoever waits for it is asked again after."""

    kind: str = KIND

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        service = meant(virtual) if virtual is not None and is_reflected(virtual) else None
        write = next_copy_write(KIND, service, host, self._desired, self.context)
        if service is None:
            return write
        if isinstance(write, Create):
            first, *others = attempts(_with_spec(write.body, wishes(service)))
            return replace(write, body=first, otherwise=others)
        if isinstance(write, Patch) and host is not None:
            return _allocating(write, service, host)
        return write or self._disagreement(service, host)

    def next_virtual_write(
        self,
        virtual: Json,
        host: Json | None,
        refused: Refuse | None,  # noqa: ARG002 - what is told by an event is enough
    ) -> PatchVirtual | None:
        if virtual["metadata"].get("deletionTimestamp") or not is_reflected(virtual):
            return None
        own = host if host is not None and self._is_of(virtual, host) else None
        if is_adopting(virtual):
            first, *others = restored(virtual, own)
            return PatchVirtual(first, "it is itself again, with the host's address", otherwise=others)
        return self._agreement(virtual, own) or _status(virtual, own) if own is not None else None

    def _desired(self, virtual: Json) -> Create | Refuse:
        reasons = [*_refused_selectors(virtual), *_refused_addresses(virtual, self.context)]
        refused = refuse([*reasons, *_refused_names(virtual, self.context)])
        if refused:
            return refused
        spec, lost = known_fields(virtual["spec"], self.context.host_version)
        if is_external(virtual):
            spec["externalName"] = host_external_name(spec["externalName"], self.context)
        if is_headless(virtual):
            spec["clusterIP"] = "None"
        selector = mapped(virtual["spec"], "selector")
        if selector:  # an empty one selects nothing, and has to stay so
            spec["selector"] = scoped_labels(selector, virtual["metadata"]["namespace"], self.context)
        ours = {f"metadata.annotations[{key}]" for key in (AGREEING, ADDRESS_REFUSED)}
        reserved = [
            Lost(field, "this key is ours to set, so not copied to the host")
            for field in lost_keys(virtual)
            if field not in ours
        ]
        return Create(host_object(virtual, "v1", KIND, self.context, spec=spec), (*lost, *reserved))

    def _agreement(self, virtual: Json, host: Json) -> PatchVirtual | None:
        if is_external(virtual) or is_external(host):
            return None
        if not is_agreed(virtual, host) and not is_refused(virtual, host) and not self._holders(virtual, host):
            return PatchVirtual(released(virtual), "the host has another address for it")
        ports = adopted_node_ports(virtual, host)
        return PatchVirtual(ports, "the host has other node ports for it") if ports else None

    def _disagreement(self, virtual: Json, host: Json | None) -> Refuse | None:
        """Say what keeps both sides from having the same address."""
        if host is None or is_agreed(virtual, host):
            return None
        on_host = f"the host has {', '.join(addresses(host))} for this Service"
        holders = self._holders(virtual, host)
        if holders:
            remedy = "it is taken over when that one gives it up"
            refusal = Refusal("spec.clusterIP", f"{on_host}, which is that of {', '.join(holders)} here", remedy)
            return refuse([refusal], "AddressTaken")
        if not is_refused(virtual, host):
            return None
        remedy = f"give both clusters the same Service range, or remove the annotation {ADDRESS_REFUSED} to try again"
        why = f"{on_host}, which this cluster's API server does not take"
        return refuse([Refusal("spec.clusterIP", why, remedy)], "AddressRefused")

    def _holders(self, virtual: Json, host: Json) -> list[str]:
        """Return the other Services that have an address here which is this one's on the host."""
        own = addresses(virtual)
        found = [self.holder(address) for address in addresses(host) if address not in own]
        return [str(holder) for holder in found if holder is not None]

    def _is_of(self, virtual: Json, host: Json) -> bool:
        owner = recorded(host, KIND, self.context)
        return owner is not None and owner.uid == virtual["metadata"]["uid"]


def _allocating(patch: Patch, virtual: Json, host: Json) -> Patch | Delete:
    """Complete a patch by what the host Service gets or gives up with it."""
    if is_external(virtual):
        given_up = {"clusterIP": None, "clusterIPs": None} if host["spec"].get("clusterIP") else {}
        return replace(patch, body=_with_spec(patch.body, given_up))
    if not is_external(host) and is_headless(virtual) is not is_headless(host):
        return Delete(host["metadata"]["uid"], 0, "a Service cannot become headless, nor cease to be")
    missing = wishes(virtual) if is_external(host) else {}
    first, *others = attempts(_with_spec(patch.body, missing))
    return replace(patch, body=first, otherwise=others)


def _status(virtual: Json, host: Json) -> PatchVirtual | None:
    if virtual["spec"].get("type") != "LoadBalancer" or host["spec"].get("type") != "LoadBalancer":
        return None
    told, seen = (mapped(mapped(each, "status"), "loadBalancer") for each in (virtual, host))
    if is_said_alike(told, seen):
        return None
    status = {"loadBalancer": dict.fromkeys(told) | fresh(seen)}
    body = {"metadata": {"uid": virtual["metadata"]["uid"]}, "status": status}
    return PatchVirtual(body, "the host's load balancer changed", subresource="status")


def _refused_names(virtual: Json, context: Context) -> list[Refusal]:
    name = virtual["spec"].get("externalName") or ""
    if not is_external(virtual) or host_external_name(name, context) is not None:
        return []
    remedy = "name a Service of this cluster, or a name outside of it; pods resolve this one all the same"
    return [Refusal("spec.externalName", f'"{name}" means nothing on the host', remedy)]


def _refused_selectors(virtual: Json) -> list[Refusal]:
    return [
        Refusal(f"spec.selector[{key}]", "this key is ours to set, so no pod has it", "select by another label")
        for key in mapped(virtual["spec"], "selector")
        if is_reserved(key)
    ]


def _refused_addresses(virtual: Json, context: Context) -> list[Refusal]:
    if context.allowed.external_ips or not listed(virtual["spec"], "externalIPs"):
        return []
    why = "would draw traffic of that address on every node of the host cluster"
    return [Refusal("spec.externalIPs", why, f"use a LoadBalancer or a NodePort, {ASK}")]


def _with_spec(body: Draft, fields: Json) -> Draft:
    return body | {"spec": {**mapped(body, "spec"), **fields}} if fields else body
