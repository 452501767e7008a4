"""Where a Service of type ExternalName leads on the host.

A name inside the virtual cluster means another object there, or somebody else's: whoever follows it on the host (a
controller of Ingresses does) must be led to the tenant's own Service, or nowhere. Pods ask the virtual cluster's DNS.
"""

from reflectors.translation.context import Context
from reflectors.translation.host_names import HostName

_KIND = "Service"


def host_external_name(name: str, context: Context) -> str | None:
    """Return the name for the host copy; None where the host has nothing that could be meant."""
    plain = name.lower().rstrip(".")
    inside = plain.removesuffix(f".{context.cluster_domain}")
    if inside != plain or plain.endswith((".svc", ".pod")):
        return _of_service(inside, plain.removeprefix(inside), context)
    return name


def _of_service(inside: str, domain: str, context: Context) -> str | None:
    service, _, rest = inside.partition(".")
    namespace, _, kind = rest.partition(".")
    if kind != "svc" or (namespace, service) == ("default", "kubernetes"):
        return None
    host_name: HostName = context.host_name(_KIND, namespace, service)
    return f"{host_name}.{context.host_namespace}.svc{domain}"
