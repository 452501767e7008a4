from typing import Any

import pytest

from reflectors.translation.ingresses import IngressRules, host_ingress_spec, tls_secrets
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.writes import Create, PatchVirtual, Refuse
from tests.unit.reflectors.translation.pods import CONTEXT, frozen


def backend(name: str) -> Json:
    return {"service": {"name": name, "port": {"name": "http"}}}


SPEC = {
    "ingressClassName": "nginx",
    "defaultBackend": backend("fallback"),
    "rules": [
        {
            "host": "shop.example.com",
            "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend("web")}]},
        },
        {"host": "empty.example.com"},
    ],
    "tls": [{"hosts": ["shop.example.com"], "secretName": "certificate"}, {"hosts": ["empty.example.com"]}],
}


def ingress(spec: Json, status: Json | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"namespace": "shop", "name": "front", "uid": "v1"},
        "spec": spec,
        "status": status or {},
    }


def rules(*, keeps_tls_secrets: bool = False) -> IngressRules:
    return IngressRules(CONTEXT, lambda: keeps_tls_secrets)


def host_of(virtual: Json, status: Json) -> Draft:
    write = rules().next_host_write(virtual, None)
    assert isinstance(write, Create)
    return write.body | {"status": status}


def test_services_and_certificates_are_the_tenants_own() -> None:
    web, fallback = (CONTEXT.host_name("Service", "shop", name) for name in ("web", "fallback"))
    spec, lost = host_ingress_spec(frozen(ingress(SPEC)), CONTEXT, keeps_tls_secrets=False)
    assert lost == []
    assert spec["ingressClassName"] == "nginx"
    assert spec["defaultBackend"] == backend(fallback)
    assert spec["rules"][0]["http"]["paths"] == [{"path": "/", "pathType": "Prefix", "backend": backend(web)}]
    assert spec["rules"][1] == {"host": "empty.example.com"}
    certificate = CONTEXT.host_name("Secret", "shop", "certificate")
    assert spec["tls"] == [{"hosts": ["shop.example.com"], "secretName": certificate}, {"hosts": ["empty.example.com"]}]


def test_certificates_are_the_hosts_where_the_cluster_says_so() -> None:
    spec, _ = host_ingress_spec(ingress(SPEC), CONTEXT, keeps_tls_secrets=True)
    assert spec["tls"] == SPEC["tls"]


def test_the_secrets_of_its_certificates_are_known() -> None:
    assert tls_secrets(ingress(SPEC)) == {"certificate"}
    assert tls_secrets(ingress({"tls": None})) == set()


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param(
            {"defaultBackend": {"resource": {"kind": "Bucket", "name": "x"}}}, "spec.defaultBackend", id="all"
        ),
        pytest.param(
            {"rules": [{"http": {"paths": [{"backend": {"resource": {"kind": "Bucket", "name": "x"}}}]}}]},
            "spec.rules[0].http.paths[0].backend",
            id="a path",
        ),
    ],
)
def test_what_is_served_by_no_service_is_refused(spec: Json, field: str) -> None:
    refused = rules().next_host_write(ingress(spec), None)
    assert isinstance(refused, Refuse)
    assert refused.message.startswith(f"{field}.resource: ")


def test_a_field_not_known_here_is_told() -> None:
    write = rules().next_host_write(ingress({**SPEC, "newField": 1}), None)
    assert isinstance(write, Create)
    assert [lost.field for lost in write.lost] == ["spec.newField"]


SERVED: dict[str, Any] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}


@pytest.mark.parametrize(
    ("told", "true", "changed"),
    [
        pytest.param({}, SERVED, SERVED, id="served"),
        pytest.param(SERVED, SERVED, None, id="told already"),
        pytest.param(SERVED, {"loadBalancer": {}}, {"loadBalancer": {"ingress": None}}, id="no more"),
        pytest.param({"loadBalancer": {}}, {}, None, id="nothing to tell"),
    ],
)
def test_where_the_host_serves_it_is_told(told: Json, true: Json, changed: Json | None) -> None:
    virtual = ingress(SPEC, told)
    write = rules().next_virtual_write(virtual, host_of(virtual, true), None)
    if changed is None:
        assert write is None
    else:
        assert isinstance(write, PatchVirtual)
        assert write.body == {"metadata": {"uid": "v1"}, "status": changed}


def test_the_status_of_somebody_elses_ingress_is_not_told() -> None:
    foreign = {"metadata": {"name": "x"}, "status": SERVED}
    assert rules().next_virtual_write(ingress(SPEC), foreign, None) is None
