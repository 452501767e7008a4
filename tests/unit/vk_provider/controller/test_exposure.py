from typing import Any

import pytest

from tests.first_answers import demo, settled, with_status
from vk_provider.controller.cluster import Expose, IngressExposure, Ports
from vk_provider.controller.exposure import endpoint
from vk_provider.controller.known import Known
from vk_provider.controller.names import Names

NAMES = Names("demo", "team")
BALANCED = {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}
SANS = ["10.1.1.1", "demo.example.com"]


def ports(known: Known, service: str) -> list[tuple[int, int]]:
    return [(port["port"], port["targetPort"]) for port in known.spec("Service", service).get("ports", ())]


@pytest.mark.parametrize(
    ("expose", "kind"),
    [
        pytest.param(Expose(), "ClusterIP", id="inside"),
        pytest.param(Expose(node_port=Ports(server_port=30443)), "NodePort", id="node port"),
        pytest.param(Expose(load_balancer=Ports()), "LoadBalancer", id="load balancer"),
        pytest.param(Expose(load_balancer=Ports(server_port=443)), "LoadBalancer", id="load balancer at 443"),
        pytest.param(Expose(load_balancer=Ports(server_port=6443)), "ClusterIP", id="load balancer elsewhere"),
        pytest.param(Expose(ingress=IngressExposure()), "ClusterIP", id="ingress"),
    ],
)
def test_inside_the_api_is_at_443_whatever_exposes_it(expose: Expose, kind: str) -> None:
    known, _ = settled(demo(expose=expose, tls_sans=SANS))
    assert known.spec("Service", NAMES.service)["type"] == kind
    assert ports(known, NAMES.service)[0] == (443, 6443)


def test_a_load_balancer_elsewhere_is_a_service_of_its_own_with_no_port_but_those_asked_for() -> None:
    known, _ = settled(demo(expose=Expose(load_balancer=Ports(server_port=8443), annotations={"a": "b"})))
    assert ports(known, NAMES.balancer) == [(8443, 6443)]
    assert known.objects["Service", NAMES.balancer]["metadata"]["annotations"] == {"a": "b"}
    assert "annotations" not in known.objects["Service", NAMES.service]["metadata"]


@pytest.mark.parametrize(
    ("expose", "service", "is_exposed"),
    [
        (Expose(node_port=Ports()), NAMES.service, False),
        (Expose(load_balancer=Ports()), NAMES.service, False),
        (Expose(load_balancer=Ports(etcd_port=0)), NAMES.service, False),
        (Expose(node_port=Ports(etcd_port=32379)), NAMES.service, True),
        (Expose(load_balancer=Ports(etcd_port=2379)), NAMES.balancer, True),
    ],
)
def test_etcd_is_exposed_for_who_asks_for_it_only(expose: Expose, service: str, is_exposed: bool) -> None:
    known, _ = settled(demo(expose=expose))
    assert (2379 in [target for _, target in ports(known, service)]) is is_exposed


def test_what_exposed_it_before_goes() -> None:
    balanced, _ = settled(demo(expose=Expose(load_balancer=Ports(server_port=8443))))
    ingress, _ = settled(demo(expose=Expose(ingress=IngressExposure()), tls_sans=SANS), before=balanced)
    nothing, _ = settled(demo(), before=ingress)
    assert ("Service", NAMES.balancer) in balanced.objects
    assert ("Service", NAMES.balancer) not in ingress.objects
    assert ("Ingress", NAMES.ingress) in ingress.objects
    assert ("Ingress", NAMES.ingress) not in nothing.objects


def test_an_ingress_leads_each_dns_name_to_the_api() -> None:
    expose = Expose(ingress=IngressExposure(ingress_class_name="nginx", annotations={"a": "b"}))
    known, _ = settled(demo(expose=expose, tls_sans=[*SANS, "other.example.com"]))
    ingress = known.objects["Ingress", NAMES.ingress]
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["demo.example.com", "other.example.com"]
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["metadata"]["annotations"] == {"a": "b"}


@pytest.mark.parametrize(
    ("spec", "status", "url"),
    [
        pytest.param({}, {}, "https://10.43.7.1", id="inside"),
        pytest.param({"expose": Expose(load_balancer=Ports())}, {}, "https://10.43.7.1", id="no balancer yet"),
        pytest.param({"expose": Expose(load_balancer=Ports())}, BALANCED, "https://192.0.2.9", id="balancer"),
        pytest.param(
            {"expose": Expose(load_balancer=Ports(server_port=8443))}, BALANCED, "https://192.0.2.9:8443", id="its port"
        ),
        pytest.param(
            {"expose": Expose(ingress=IngressExposure()), "tls_sans": SANS},
            {},
            "https://demo.example.com",
            id="ingress",
        ),
        pytest.param({"expose": Expose(node_port=Ports())}, {}, "https://10.43.7.1", id="nobody knows a node"),
        pytest.param(
            {"expose": Expose(node_port=Ports(server_port=30443)), "tls_sans": SANS},
            {},
            "https://10.1.1.1:30443",
            id="node port",
        ),
    ],
)
def test_the_endpoint_is_where_people_come_from_outside(spec: dict[str, Any], status: dict[str, Any], url: str) -> None:
    cluster = demo(**spec)
    known, _ = settled(cluster)
    for service in (NAMES.service, NAMES.balancer):
        known = with_status(known, "Service", service, status)
    assert endpoint(cluster, known, NAMES) == url
    known, _ = settled(cluster, before=known)
    assert url in known.files(NAMES.kubeconfig)["kubeconfig.yaml"].decode()
