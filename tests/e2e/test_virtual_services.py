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


def test_pods_find_services_and_each_other_by_name_across_namespaces(tenant: Tenant) -> None:
    other = tenant.elsewhere()
    other.virtual.apply(service("shop"), service("peers", clusterIP="None"))
    other.virtual.apply(service("alias", type="ExternalName", externalName=f"shop.{other.namespace}.svc.cluster.local"))
    other.virtual.apply(_named_pod("peer-0", "peers"))
    echo(other, "shop", "shop")
    tenant.create("asker", ECHO)
    tenant.wait_ready("asker")
    other.wait_ready("shop", "peer-0")
    for name, hostname in {
        f"http://shop.{other.namespace}/": "shop",
        f"http://shop.{other.namespace}.svc.cluster.local/": "shop",
        f"http://alias.{other.namespace}/": "shop",
        f"http://peers.{other.namespace}:8080/": "peer-0",
        f"http://peer-0.peers.{other.namespace}:8080/": "peer-0",
    }.items():
        _wait_for_answer(tenant, name, hostname)
    _wait_for_answer(other, "http://peer-0.peers:8080/", "peer-0", asker="shop")
    assert "kubernetes.default" in tenant.virtual("exec", "asker", "--", "cat", "/etc/hosts")
    assert tenant.virtual.run(
        "exec", "asker", "--", "nslookup", f"nobody.{other.namespace}.svc.cluster.local"
    ).returncode
    tenant.virtual("delete", "pod/asker")
    other.virtual("delete", "pods,services", "--all")


def _named_pod(name: str, subdomain: str) -> dict[str, Any]:
    spec = {"hostname": name, "subdomain": subdomain, "containers": [ECHO], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": subdomain}}, "spec": spec}


def _wait_for_answer(tenant: Tenant, url: str, hostname: str, *, asker: str = "asker") -> None:
    def answer() -> bool:
        done = tenant.virtual.run("exec", asker, "--", "curl", "-s", "-m", "3", url)
        return f'"hostname": "{hostname}"'.encode() in done.stdout

    tenant.eventually(f"an answer from {url}", answer)
