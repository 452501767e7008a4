import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.external_names import host_external_name
from tests.unit.reflectors.translation.pods import CONTEXT

OWN = CONTEXT.host_name("Service", "shop", "db")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("db.example.com", "db.example.com", id="outside"),
        pytest.param("db", "db", id="one label"),
        pytest.param("db.shop.svc", f"{OWN}.tenants.svc", id="a Service"),
        pytest.param("db.shop.svc.cluster.local", f"{OWN}.tenants.svc.cluster.local", id="a Service in full"),
        pytest.param("DB.shop.svc.cluster.local.", f"{OWN}.tenants.svc.cluster.local", id="said otherwise"),
        pytest.param("kubernetes.default.svc", None, id="the API server"),
        pytest.param("db-0.db.shop.svc.cluster.local", None, id="a pod of a Service"),
        pytest.param("10-1-2-3.shop.pod.cluster.local", None, id="a pod"),
        pytest.param("anything.cluster.local", None, id="anything else inside"),
    ],
)
def test_where_a_name_leads(name: str, expected: str | None) -> None:
    assert host_external_name(name, CONTEXT) == expected


@given(st.text("abc.-", min_size=1, max_size=20).map(lambda text: f"{text}.svc.cluster.local"))
def test_no_name_inside_the_cluster_leads_out_of_the_tenants_own_namespace(name: str) -> None:
    there = host_external_name(name, CONTEXT)
    assert there is None or there.endswith(".tenants.svc.cluster.local")
