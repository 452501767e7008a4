"""The variables by which a container finds its API server and the Services of its namespace.

A kubelet tells every container of the `kubernetes` Service of its own cluster, and of the Services of the pod's own
namespace as they are when it starts the container. Those of the host must not be seen, so the host's kubelet is told to
leave them out, and the pod is given those of the virtual cluster, by the names and in the form that the kubelet would
use. A variable that the pod sets itself goes first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from reflectors.translation.allow_list import Lost
from reflectors.translation.context import ApiServer, Context
from reflectors.translation.json_values import Draft, Json, listed
from reflectors.translation.paths import CONTAINER_LISTS
from reflectors.translation.service_addresses import cluster_ip

_USUAL_PORT = 443  # of the host's `kubernetes` Service: what it would add is overridden even if ours is another
_MOST_BYTES = 512 * 1024  # in a pod: it has to be stored, and an API server stores no more than three times as much


@dataclass(frozen=True, slots=True)
class Environment:
    variables: Mapping[str, str]
    lost: list[Lost] = field(default_factory=list)

    def before_those_of(self, container: Draft) -> Draft:
        """Return the container with the variables in front, so that its own may refer to them; its own go first."""
        own = container.get("env") or []
        set_already = {variable["name"] for variable in own}
        ours = [{"name": name, "value": value} for name, value in self.variables.items() if name not in set_already]
        return container | {"env": [*ours, *own]}


def environment(spec: Json, namespace: str, context: Context) -> Environment:
    """Return what a kubelet of the virtual cluster would tell the containers of this pod."""
    always = _of_api_server(context.api_server)
    if spec.get("enableServiceLinks") is False:
        return Environment(always)
    services = [
        service
        for service in (context.services or {}).get(namespace, ())
        if not _is_api_server(namespace, service) and cluster_ip(service)
    ]
    variables = {name: value for service in services for name, value in _of_service(service).items()}
    containers = sum(len(listed(spec, containers)) for containers in CONTAINER_LISTS)
    if containers * sum(map(_size, variables.items())) > _MOST_BYTES:
        why = f"the variables of {len(services)} Services do not fit into a pod; find Services by their names"
        return Environment(always, [Lost("spec.enableServiceLinks", why)])
    return Environment(always | variables)


def _of_api_server(api_server: ApiServer) -> dict[str, str]:
    ip, port = api_server.ip, str(api_server.port)
    url = _url("tcp", ip, api_server.port)
    variables = {
        "KUBERNETES_SERVICE_HOST": ip,
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
        "KUBERNETES_PORT": url,
    }
    for named_after in sorted({_USUAL_PORT, api_server.port}):
        prefix = f"KUBERNETES_PORT_{named_after}_TCP"
        variables |= {prefix: url, f"{prefix}_PROTO": "tcp", f"{prefix}_PORT": port, f"{prefix}_ADDR": ip}
    return variables


def _of_service(service: Json) -> dict[str, str]:
    ip, ports = cluster_ip(service) or "", listed(service["spec"], "ports")
    prefix = _as_variable(service["metadata"]["name"])
    variables = {f"{prefix}_SERVICE_HOST": ip}
    for index, port in enumerate(ports):
        if index == 0:
            variables[f"{prefix}_SERVICE_PORT"] = str(port["port"])
        if port.get("name"):
            variables[f"{prefix}_SERVICE_PORT_{_as_variable(port['name'])}"] = str(port["port"])
    for index, port in enumerate(ports):
        variables |= _of_port(prefix, ip, port, is_first=index == 0)
    # API servers do not take a variable whose name begins with a digit, as a newer Service's may.
    return {name: value for name, value in variables.items() if not name[0].isdigit()}


def _of_port(prefix: str, ip: str, port: Json, *, is_first: bool) -> dict[str, str]:
    protocol = (port.get("protocol") or "TCP").lower()
    url = _url(protocol, ip, port["port"])
    link = f"{prefix}_PORT_{port['port']}_{protocol.upper()}"
    first = {f"{prefix}_PORT": url} if is_first else {}
    return first | {link: url, f"{link}_PROTO": protocol, f"{link}_PORT": str(port["port"]), f"{link}_ADDR": ip}


def _is_api_server(namespace: str, service: Json) -> bool:
    return namespace == "default" and service["metadata"]["name"] == "kubernetes"


def _as_variable(name: str) -> str:
    return name.replace("-", "_").upper()


def _url(protocol: str, ip: str, port: int) -> str:
    return f"{protocol}://{f'[{ip}]' if ip_address(ip).version == 6 else ip}:{port}"


def _size(variable: tuple[str, str]) -> int:
    return len('{"name":"","value":""},') + sum(map(len, variable))
