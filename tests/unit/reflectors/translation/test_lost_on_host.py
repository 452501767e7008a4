import pytest

from reflectors.translation.json_values import Json
from reflectors.translation.lost_on_host import lost_on_host
from tests.unit.reflectors.translation.pods import V1_20, container


def lost(sent: Json, received: Json) -> list[str]:
    return [each.field for each in lost_on_host({"spec": sent}, {"spec": received}, V1_20)]


@pytest.mark.parametrize(
    ("sent", "received", "fields"),
    [
        pytest.param({"a": 1}, {"a": 1, "default": 2}, [], id="all there, with defaults"),
        pytest.param({"hostUsers": True}, {}, ["spec.hostUsers"], id="a field"),
        pytest.param({"os": {"name": "linux"}}, {}, ["spec.os"], id="a field with fields"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, ["spec.a.c"], id="a field within"),
        pytest.param({"a": False, "b": 0, "c": "", "d": [], "e": {}}, {}, [], id="what says nothing"),
        pytest.param({"cpu": "1000m"}, {"cpu": "1"}, [], id="said in another way"),
        pytest.param(
            {"containers": [container(restartPolicyRules=[{"action": "Restart"}])]},
            {"containers": [container("injected"), container()]},
            ["spec.containers[0].restartPolicyRules"],
            id="of a container, behind another one",
        ),
        pytest.param({"items": [{"a": 1}, {"a": 2}]}, {"items": [{"a": 1}]}, ["spec.items[1]"], id="an item"),
        pytest.param({"args": ["a", "b"]}, {"args": ["a", "b"]}, [], id="texts"),
    ],
)
def test_what_the_host_let_fall_is_found(sent: Json, received: Json, fields: list[str]) -> None:
    assert lost(sent, received) == fields


def test_the_tenant_is_told_which_host_it_was() -> None:
    (found,) = lost_on_host({"spec": {"hostUsers": True}}, {"spec": {}}, V1_20)
    assert str(found) == "spec.hostUsers: the host, Kubernetes 1.20, does not know this field or has its feature off"
