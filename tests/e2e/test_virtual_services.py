"""Services of a virtual cluster lead to its pods, through the host's own kube-proxy."""

from typing import Any

import pytest

from tests.e2e.tenants import Tenant

pytestmark = pytest.mark.usefixtures("converged")

ECHO = {
    "name": "main",
    "image": "sandbox.local/echo:1",
    "args": ["--port=8080"],
    "ports": [{"name": "http", "containerPort": 8080}],
    "readinessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1},
}


def service(name: str, **spec: Any) -> dict[str, Any]:
    whole = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": "http"}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": whole}


def echo(tenant: Tenant, name: str, app: str) -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": app}}}
    tenant.virtual.apply({**body, "spec": {"containers": [ECHO], "terminationGracePeriodSeconds": 0}})


def test_a_service_leads_to_its_own_namespaces_pods_and_pods_are_told_of_it(tenant: Tenant) -> None:
    other = tenant.elsewhere()
    tenant.virtual.apply(service("web"))
    echo(tenant, "web", "web")
    echo(other, "web-of-others", "web")
    tenant.wait_ready("web")
    other.wait_ready("web-of-others")
    address = tenant.virtual.get("service/web")["spec"]["clusterIP"]

    def answer() -> str:
        return tenant.virtual.run("exec", "web", "--", "wget", "-qO-", "-T2", f"http://{address}/").stdout.decode()

    tenant.eventually("the Service's answer", lambda: '"hostname": "web"' in answer())
    assert not any("web-of-others" in answer() for _ in range(4))

    tenant.create("asker", ECHO)
    tenant.wait_ready("asker")
    shown = tenant.virtual("exec", "asker", "--", "sh", "-c", "echo $WEB_SERVICE_HOST:$WEB_SERVICE_PORT")
    assert shown == f"{address}:80\n"
    tenant.virtual("delete", "pod/web", "pod/asker", "service/web")
    other.virtual("delete", "pod/web-of-others")
