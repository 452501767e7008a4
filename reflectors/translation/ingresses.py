"""Ingresses: the host's controllers serve them, for the tenant's own Services and with the tenant's own certificates.

Promises: every Service and Secret that is named is the tenant's own one on the host (but for certificates where the
Cluster says that they are the host's); the class is one of the host's; addresses that the host gives come back.
"""

from collections.abc import Callable, Iterator

from reflectors.translation.allow_list import Fields, LeftOut, Lost, copied, known_part
from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, Json, is_said_alike, listed, mapped
from reflectors.translation.merging import host_object, merged, next_copy_write
from reflectors.translation.metadata import recorded
from reflectors.translation.paths import found, path
from reflectors.translation.refusal import Refusal, refuse
from reflectors.translation.writes import Create, HostWrite, PatchVirtual, Refuse

KIND = "Ingress"

_BACKEND: Fields = {
    **copied("", service=copied("name", port=copied("name number"))),
    "resource": LeftOut("refused: objects of that kind are not reflected"),
}
_PATH = copied("path pathType", backend=_BACKEND)
_SPEC: Fields = copied(
    "ingressClassName",
    defaultBackend=_BACKEND,
    rules=copied("host", http=copied("", paths=_PATH)),
    tls=copied("hosts secretName"),
)
_BACKENDS = (path("defaultBackend"), path("rules[].http.paths[].backend"))


class IngressRules:
    """`keeps_tls_secrets`: whether certificates are Secrets of the host namespace; may change."""

    kind = KIND

    def __init__(self, context: Context, keeps_tls_secrets: Callable[[], bool]) -> None:
        self._context = context
        self._keeps_tls_secrets = keeps_tls_secrets

    def next_host_write(self, virtual: Json | None, host: Json | None) -> HostWrite | None:
        return next_copy_write(KIND, virtual, host, self._desired, self._context)

    def next_virtual_write(self, virtual: Json, host: Json | None, refused: Refuse | None) -> PatchVirtual | None:
        """Carry up at which addresses the host serves it."""
        del refused
        owner = None if host is None else recorded(host, KIND, self._context)
        if host is None or owner is None or owner.uid != virtual["metadata"]["uid"]:
            return None
        told, true = mapped(virtual, "status").get("loadBalancer"), mapped(host, "status").get("loadBalancer")
        if is_said_alike(told, true):
            return None
        status = {"loadBalancer": merged(true or {}, told)}
        return PatchVirtual({"metadata": {"uid": owner.uid}, "status": status}, "the host says so", "status")

    def _desired(self, virtual: Json) -> Create | Refuse:
        refused = refuse(list(_refusals(virtual)))
        if refused:
            return refused
        spec, lost = host_ingress_spec(virtual, self._context, keeps_tls_secrets=self._keeps_tls_secrets())
        return Create(host_object(virtual, "networking.k8s.io/v1", KIND, self._context, spec=spec), lost)


def host_ingress_spec(virtual: Json, context: Context, *, keeps_tls_secrets: bool) -> tuple[Draft, list[Lost]]:
    """Return the spec for the host, and what it lacks."""
    spec, lost = known_part(mapped(virtual, "spec"), _SPEC, "spec")
    namespace = virtual["metadata"]["namespace"]
    for place in _BACKENDS:
        for _, backend in found(spec, place, "spec"):
            service = backend["service"]
            service["name"] = context.host_name("Service", namespace, service["name"])
    for entry in listed(spec, "tls") if not keeps_tls_secrets else ():
        if entry.get("secretName"):
            entry["secretName"] = context.host_name("Secret", namespace, entry["secretName"])
    return spec, lost


def tls_secrets(virtual: Json) -> set[str]:
    """Return the names of the Secrets that have its certificates."""
    return {entry["secretName"] for entry in listed(mapped(virtual, "spec"), "tls") if entry.get("secretName")}


def _refusals(virtual: Json) -> Iterator[Refusal]:
    for place in _BACKENDS:
        for field, backend in found(mapped(virtual, "spec"), place, "spec"):
            if backend.get("service") is None:
                why = "only Services are reflected to the host, so nothing else can be served there"
                yield Refusal(f"{field}.resource", why, "name a Service")
