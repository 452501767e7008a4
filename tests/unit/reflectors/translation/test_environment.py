import pytest

from reflectors.translation.context import ApiServer
from reflectors.translation.environment import with_service_variables
from tests.unit.reflectors.translation.pods import container


def environment(api_server: ApiServer) -> dict[str, str]:
    env = with_service_variables(container(), api_server)["env"]
    return {variable["name"]: variable["value"] for variable in env}


def test_a_container_finds_the_virtual_api_server_by_the_variables_that_a_kubelet_sets() -> None:
    assert environment(ApiServer("10.43.0.9", 443)) == {
        "KUBERNETES_SERVICE_HOST": "10.43.0.9",
        "KUBERNETES_SERVICE_PORT": "443",
        "KUBERNETES_SERVICE_PORT_HTTPS": "443",
        "KUBERNETES_PORT": "tcp://10.43.0.9:443",
        "KUBERNETES_PORT_443_TCP": "tcp://10.43.0.9:443",
        "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
        "KUBERNETES_PORT_443_TCP_PORT": "443",
        "KUBERNETES_PORT_443_TCP_ADDR": "10.43.0.9",
    }


def test_with_another_port_the_hosts_own_variables_are_still_overridden() -> None:
    variables = environment(ApiServer("10.43.0.9", 6443))
    assert variables["KUBERNETES_PORT_6443_TCP_ADDR"] == "10.43.0.9"
    assert variables["KUBERNETES_PORT_443_TCP_ADDR"] == "10.43.0.9"
    assert variables["KUBERNETES_SERVICE_PORT"] == "6443"


def test_an_address_of_ip_version_6_is_bracketed_in_a_url() -> None:
    variables = environment(ApiServer("fd00::9", 443))
    assert variables["KUBERNETES_PORT"] == "tcp://[fd00::9]:443"
    assert variables["KUBERNETES_SERVICE_HOST"] == "fd00::9"


def test_what_the_container_sets_itself_goes_first_and_may_refer_to_ours() -> None:
    own = [{"name": "KUBERNETES_SERVICE_HOST", "value": "mine"}, {"name": "URL", "value": "$(KUBERNETES_PORT)"}]
    env = with_service_variables(container(env=own), ApiServer("10.43.0.9", 443))["env"]
    assert env[-2:] == own
    assert [variable["name"] for variable in env].count("KUBERNETES_SERVICE_HOST") == 1


@pytest.mark.parametrize("field", ["image", "name"])
def test_the_rest_of_the_container_stays(field: str) -> None:
    before = container()
    assert with_service_variables(before, ApiServer("10.43.0.9", 443))[field] == before[field]
    assert "env" not in before
