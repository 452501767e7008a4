"""The variables by which a container finds its API server.

A kubelet tells every container of the `kubernetes` Service of its own cluster. A variable that the pod sets itself goes
first, so the pod is given those of the virtual cluster, by the names and in the form that the kubelet would use.
"""

from ipaddress import ip_address

from reflectors.translation.context import ApiServer
from reflectors.translation.json_values import Draft, Json

_USUAL_PORT = 443  # of the host's `kubernetes` Service: what it would add is overridden even if ours is another


def with_service_variables(container: Draft, api_server: ApiServer) -> Draft:
    """Return the container with the variables in front, so that its own may refer to them; its own go first."""
    own = container.get("env") or []
    set_already = {variable["name"] for variable in own}
    ours = [variable for variable in _service_variables(api_server) if variable["name"] not in set_already]
    return container | {"env": [*ours, *own]}


def _service_variables(api_server: ApiServer) -> list[Json]:
    ip, port = api_server.ip, str(api_server.port)
    url = f"tcp://{_bracketed(ip)}:{port}"
    variables = {
        "KUBERNETES_SERVICE_HOST": ip,
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
        "KUBERNETES_PORT": url,
    }
    for named_after in sorted({_USUAL_PORT, api_server.port}):
        prefix = f"KUBERNETES_PORT_{named_after}_TCP"
        variables |= {prefix: url, f"{prefix}_PROTO": "tcp", f"{prefix}_PORT": port, f"{prefix}_ADDR": ip}
    return [{"name": name, "value": value} for name, value in variables.items()]


def _bracketed(ip: str) -> str:
    return f"[{ip}]" if ip_address(ip).version == 6 else ip
