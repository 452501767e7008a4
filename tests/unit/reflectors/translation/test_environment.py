from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.context import ApiServer, Context
from reflectors.translation.environment import environment
from reflectors.translation.json_values import Draft
from tests.unit.reflectors.translation.pods import CONTEXT, container

OF_API_SERVER = {
    "KUBERNETES_SERVICE_HOST": "10.43.0.9",
    "KUBERNETES_SERVICE_PORT": "443",
    "KUBERNETES_SERVICE_PORT_HTTPS": "443",
    "KUBERNETES_PORT": "tcp://10.43.0.9:443",
    "KUBERNETES_PORT_443_TCP": "tcp://10.43.0.9:443",
    "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
    "KUBERNETES_PORT_443_TCP_PORT": "443",
    "KUBERNETES_PORT_443_TCP_ADDR": "10.43.0.9",
}


def service(name: str, *ports: dict[str, Any], ip: str = "10.43.7.7") -> Draft:
    return {"metadata": {"name": name}, "spec": {"clusterIP": ip, "ports": list(ports) or [{"port": 80}]}}


def having(*services: Draft, namespace: str = "shop") -> Context:
    return replace(CONTEXT, services={namespace: services})


def variables(context: Context, namespace: str = "shop", **spec: Any) -> dict[str, str]:
    return dict(environment({"containers": [container()], **spec}, namespace, context).variables)


def of_services(context: Context, namespace: str = "shop", **spec: Any) -> dict[str, str]:
    everything = variables(context, namespace, **spec)
    return {name: value for name, value in everything.items() if OF_API_SERVER.get(name) != value}


def test_a_container_finds_the_virtual_api_server_by_the_variables_that_a_kubelet_sets() -> None:
    assert variables(CONTEXT) == OF_API_SERVER


def test_with_another_port_the_hosts_own_variables_are_still_overridden() -> None:
    found = variables(replace(CONTEXT, api_server=ApiServer("10.43.0.9", 6443)))
    assert found["KUBERNETES_PORT_6443_TCP_ADDR"] == "10.43.0.9"
    assert found["KUBERNETES_PORT_443_TCP_ADDR"] == "10.43.0.9"
    assert found["KUBERNETES_SERVICE_PORT"] == "6443"


def test_an_address_of_ip_version_6_is_bracketed_in_a_url() -> None:
    found = variables(replace(CONTEXT, api_server=ApiServer("fd00::9", 443)))
    assert found["KUBERNETES_PORT"] == "tcp://[fd00::9]:443"
    assert found["KUBERNETES_SERVICE_HOST"] == "fd00::9"


def test_a_service_of_the_pods_namespace_is_told_as_a_kubelet_tells_it() -> None:
    ports = {"name": "http", "port": 80, "protocol": "TCP"}, {"name": "dns-udp", "port": 53, "protocol": "UDP"}
    assert of_services(having(service("my-web", *ports))) == {
        "MY_WEB_SERVICE_HOST": "10.43.7.7",
        "MY_WEB_SERVICE_PORT": "80",
        "MY_WEB_SERVICE_PORT_HTTP": "80",
        "MY_WEB_SERVICE_PORT_DNS_UDP": "53",
        "MY_WEB_PORT": "tcp://10.43.7.7:80",
        "MY_WEB_PORT_80_TCP": "tcp://10.43.7.7:80",
        "MY_WEB_PORT_80_TCP_PROTO": "tcp",
        "MY_WEB_PORT_80_TCP_PORT": "80",
        "MY_WEB_PORT_80_TCP_ADDR": "10.43.7.7",
        "MY_WEB_PORT_53_UDP": "udp://10.43.7.7:53",
        "MY_WEB_PORT_53_UDP_PROTO": "udp",
        "MY_WEB_PORT_53_UDP_PORT": "53",
        "MY_WEB_PORT_53_UDP_ADDR": "10.43.7.7",
    }


@pytest.mark.parametrize(
    ("context", "spec"),
    [
        pytest.param(having(service("web"), namespace="other"), {}, id="of another namespace"),
        pytest.param(having(service("web", ip="None")), {}, id="headless"),
        pytest.param(having(service("web", ip="")), {}, id="without an address yet"),
        pytest.param(having(service("web")), {"enableServiceLinks": False}, id="not asked for"),
    ],
)
def test_no_other_service_is_told_of(context: Context, spec: dict[str, Any]) -> None:
    assert of_services(context, **spec) == {}


def test_the_api_servers_own_service_is_told_at_the_address_where_pods_reach_it() -> None:
    context = having(service("kubernetes", ip="10.43.0.1"), namespace="default")
    assert variables(context, "default") == OF_API_SERVER


def test_a_service_that_is_called_like_the_api_servers_goes_first_in_its_own_namespace() -> None:
    assert variables(having(service("kubernetes")))["KUBERNETES_SERVICE_HOST"] == "10.43.7.7"


def test_a_name_that_no_variable_can_have_is_left_out() -> None:
    assert of_services(having(service("3d"))) == {}


def test_more_services_than_a_pod_can_tell_of_are_left_out_and_the_tenant_is_told() -> None:
    many = [service(f"service-with-a-long-name-{number}") for number in range(2000)]
    found = environment({"containers": [container()]}, "shop", having(*many))
    assert dict(found.variables) == OF_API_SERVER
    assert "2000 Services" in str(found.lost[0])


@given(st.lists(st.sampled_from(["web", "a-b", "db", "kubernetes"]), unique=True))
def test_a_container_keeps_what_it_sets_itself_and_may_refer_to_the_rest(names: list[str]) -> None:
    own = [{"name": "WEB_SERVICE_HOST", "value": "mine"}, {"name": "URL", "value": "$(DB_PORT)"}]
    before = container(env=own)
    found = environment({"containers": [before]}, "shop", having(*map(service, names)))
    after = found.before_those_of(before)
    assert after["env"][-2:] == own
    assert len({variable["name"] for variable in after["env"]}) == len(after["env"])
    assert after | {"env": own} == before
    assert before["env"] == own
