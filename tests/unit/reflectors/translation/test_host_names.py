import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reflectors.translation.digests import LENGTH
from reflectors.translation.host_names import Origin, host_name, hostname, label_value
from tests.unit.reflectors.translation.pods import names, namespaces

DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
WEB = Origin(kind="Pod", host_namespace="tenants", cluster="demo", namespace="shop", name="web")

origins = st.builds(
    Origin,
    kind=st.sampled_from(["Pod", "Service", "Secret"]),
    host_namespace=namespaces,
    cluster=names,
    namespace=namespaces | st.just(""),  # cluster-wide objects have none
    name=names | st.sampled_from(["system:node", "Web", "ÄÖ", "-", "0"]),
)


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        pytest.param(WEB, "web-shop-demo-", id="readable"),
        pytest.param(replace(WEB, name="a.b"), "a-b-shop-demo-", id="dots"),
        pytest.param(replace(WEB, name="0"), "v-0-shop-demo-", id="begins with a letter"),
        pytest.param(replace(WEB, kind="PriorityClass", namespace=""), "web-demo-", id="cluster-wide"),
        pytest.param(replace(WEB, name="n" * 253), "n" * 49 + "-", id="too long to be read whole"),
        pytest.param(replace(WEB, name="n" * 48 + ".m"), "n" * 48 + "-", id="cut at a hyphen"),
        pytest.param(replace(WEB, name="system:Node"), "system-node-shop-demo-", id="no name of a pod"),
    ],
)
def test_a_host_name_starts_with_what_a_human_looks_for(origin: Origin, name: str) -> None:
    assert host_name(origin)[:-LENGTH] == name


@given(origins, origins)
def test_two_origins_never_share_a_host_name(one: Origin, other: Origin) -> None:
    assume(one != other)
    assert host_name(one) != host_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            replace(WEB, namespace="a", name="b-c"), replace(WEB, namespace="b-a", name="c"), id="moved hyphen"
        ),
        pytest.param(replace(WEB, name="n" * 252 + "a"), replace(WEB, name="n" * 252 + "b"), id="same beginning"),
        pytest.param(replace(WEB, name="a.b"), replace(WEB, name="a-b"), id="same label"),
        pytest.param(replace(WEB, name=host_name(WEB)), WEB, id="named after a host name"),
        pytest.param(WEB, replace(WEB, cluster="other"), id="other cluster"),
        pytest.param(WEB, replace(WEB, host_namespace="other"), id="cluster of that name elsewhere"),
        pytest.param(WEB, replace(WEB, kind="Service"), id="other kind"),
    ],
)
def test_names_crafted_to_collide_do_not(one: Origin, other: Origin) -> None:
    assert host_name(one) != host_name(other)


@given(origins)
def test_a_host_name_is_a_dns_label_that_any_kind_of_object_accepts(origin: Origin) -> None:
    assert DNS_LABEL.fullmatch(host_name(origin))
    assert len(host_name(origin)) <= 63


def test_a_host_name_is_the_same_for_ever() -> None:
    assert host_name(WEB) == "web-shop-demo-qicov3i5mzyw5"


@pytest.mark.parametrize(
    ("pod_name", "expected"),
    [
        pytest.param("web-0", "web-0", id="a label already"),
        pytest.param("0", "0", id="a digit"),
        pytest.param("web.example.com", "web-example-com", id="dots"),
        pytest.param("n" * 253, "n" * 63, id="too long"),
        pytest.param("n" * 62 + ".m", "n" * 62, id="cut at a dot"),
    ],
)
def test_a_hostname_is_the_pods_name_made_a_dns_label(pod_name: str, expected: str) -> None:
    assert hostname(pod_name) == expected


@given(names | st.text())
def test_a_label_value_is_always_valid(text: str) -> None:
    assert LABEL_VALUE.fullmatch(label_value(text))
    assert len(label_value(text)) <= 63


@given(names | st.text(), names | st.text())
def test_two_texts_never_share_a_label_value(one: str, other: str) -> None:
    assert (label_value(one) == label_value(other)) == (one == other)


def test_what_can_be_a_label_value_is_its_own() -> None:
    assert label_value("demo") == "demo"
    assert label_value("n" * 64)[:49] == "n" * 49


def test_a_text_that_imitates_a_digested_one_is_digested_too() -> None:
    imitation = label_value("n" * 253)
    assert label_value(imitation) != imitation
