from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vk_provider.cli import values
from vk_provider.cli.exits import Exit, Failure


@pytest.mark.parametrize(
    ("given_texts", "expected"),
    [
        pytest.param(["a", "b"], ["a", "b"], id="repeated"),
        pytest.param(["a,b"], ["a", "b"], id="joined"),
        pytest.param(['"a,b",c'], ["a,b", "c"], id="quotes keep a comma"),
        pytest.param(["", "a,,b"], ["a", "b"], id="nothing is nothing"),
    ],
)
def test_a_list_is_repeated_or_joined(given_texts: list[str], expected: list[str]) -> None:
    assert values.listed(given_texts) == expected


def test_arguments_may_hold_what_looks_like_a_pair() -> None:
    given_texts = ["--kube-apiserver-arg=audit-log-maxage=3,--debug"]
    assert values.arguments("--server-args", given_texts) == ["--kube-apiserver-arg=audit-log-maxage=3", "--debug"]


def test_a_variable_may_hold_equals_signs() -> None:
    assert values.environment("--server-envs", ["OPTS=a=1"]) == [{"name": "OPTS", "value": "a=1"}]


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), st.from_regex(r"[a-z=:/]{0,9}", fullmatch=True)))
def test_every_variable_is_read_as_it_was_written(variables: dict[str, str]) -> None:
    texts = [f"{name}={value}" for name, value in variables.items()]
    assert {each["name"]: each["value"] for each in values.environment("-e", texts)} == variables


def test_changes_set_and_take_away() -> None:
    assert values.changes("--labels", ["a=1,b-", "c="]) == {"a": "1", "b": None, "c": ""}


def test_kinds_are_switched_on_for_all_or_for_some_and_off() -> None:
    assert values.sync(["ingresses", "SECRETS:tier=web,team=blue"], ["configmaps,services"]) == {
        "ingresses": {"enabled": True},
        "secrets": {"enabled": True, "selector": {"tier": "web", "team": "blue"}},
        "configMaps": {"enabled": False},
        "services": {"enabled": False},
    }


def test_a_secret_is_mounted_where_it_is_said() -> None:
    expected = {"name": "my-certs", "secretName": "my.certs", "mountPath": "/etc/certs"}
    assert values.secret_mounts(["my.certs:/etc/certs"]) == [expected]


@pytest.mark.parametrize(
    ("kind", "port", "ingress_class", "annotations", "expected"),
    [
        pytest.param("clusterip", None, None, {}, {}, id="inside only"),
        pytest.param("clusterip", None, None, {"a": "b"}, {"annotations": {"a": "b"}}, id="annotated"),
        pytest.param("nodeport", None, None, {}, {"nodePort": {}}, id="any node port"),
        pytest.param("nodeport", 30443, None, {}, {"nodePort": {"serverPort": 30443}}, id="a node port"),
        pytest.param(
            "loadbalancer",
            443,
            None,
            {"a": "b"},
            {"loadBalancer": {"serverPort": 443}, "annotations": {"a": "b"}},
            id="load balancer",
        ),
        pytest.param(
            "ingress",
            None,
            "nginx",
            {"a": "b"},
            {"ingress": {"ingressClassName": "nginx", "annotations": {"a": "b"}}},
            id="ingress",
        ),
    ],
)
def test_exposure(
    kind: str, port: int | None, ingress_class: str | None, annotations: dict[str, str], expected: dict[str, Any]
) -> None:
    assert values.exposure(kind, port, ingress_class, annotations) == expected


@pytest.mark.parametrize(
    ("read", "told"),
    [
        pytest.param(lambda: values.arguments("--server-args", ["--a=1,2"]), "--server-args: '2'", id="no flag"),
        pytest.param(lambda: values.environment("--server-envs", ["A"]), "--server-envs: 'A'", id="no pair"),
        pytest.param(lambda: values.environment("--server-envs", ["1A=2"]), "--server-envs: '1A=2'", id="no variable"),
        pytest.param(lambda: values.pairs("--labels", ["=2"]), "--labels: '=2'", id="no key"),
        pytest.param(lambda: values.sync(["pods"], []), "--sync: 'pods' is none of services", id="no such kind"),
        pytest.param(lambda: values.sync([], ["pods"]), "--no-sync: 'pods' is none of", id="no such kind to leave out"),
        pytest.param(lambda: values.secret_mounts(["a:b"]), "--secret-mount: 'a:b'", id="no path"),
        pytest.param(lambda: values.exposure("clusterip", 1, None, {}), "--expose-port is for", id="port of nothing"),
        pytest.param(lambda: values.exposure("nodeport", None, "x", {}), "--ingress-class is for", id="no ingress"),
    ],
)
def test_what_makes_no_sense_is_refused(read: Callable[[], Any], told: str) -> None:
    with pytest.raises(Failure) as failure:
        read()
    assert failure.value.exit_code == Exit.USAGE
    assert failure.value.message.startswith(told)
