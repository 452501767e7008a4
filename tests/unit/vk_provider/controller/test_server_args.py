from typing import Any

import pytest

from tests.first_answers import demo
from vk_provider.controller.server_args import (
    argument_mistakes,
    cluster_domain,
    has_external_datastore,
    server_flags,
    with_flags,
)


@pytest.mark.parametrize(
    ("arguments", "flags"),
    [
        pytest.param(["--a=b"], {"a": ["b"]}, id="equals"),
        pytest.param(["--a b"], {"a": ["b"]}, id="in one argument"),
        pytest.param(["--a", "b"], {"a": ["b"]}, id="in two"),
        pytest.param(["--a", "--b"], {"a": [True], "b": [True]}, id="switches"),
        pytest.param(["--a=b=c", "--a=d"], {"a": ["b=c", "d"]}, id="more than once"),
        pytest.param(["--a=false"], {"a": ["false"]}, id="switched off"),
        pytest.param([], {}, id="none"),
    ],
)
def test_flags_are_read_as_a_shell_and_k3s_would(arguments: list[str], flags: dict[str, Any]) -> None:
    assert server_flags(demo(server_args=arguments).spec) == flags


def test_lists_grow_and_the_rest_is_replaced() -> None:
    ours = {"disable": ["traefik"], "write-kubeconfig-mode": "0600"}
    theirs = {"disable": ["traefik", "coredns"], "write-kubeconfig-mode": ["777"], "v": ["2"], "etcd-arg": ["a", "b"]}
    assert with_flags(ours, theirs) == {
        "disable": ["traefik", "coredns"],
        "write-kubeconfig-mode": "777",
        "v": "2",
        "etcd-arg": ["a", "b"],
    }
    assert ours["disable"] == ["traefik"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["traefik"], ["spec.serverArgs[0]: 'traefik' is no flag; write it like --secrets-encryption or --v=2"]),
        ([""], ["spec.serverArgs[0]: '' is no flag; write it like --secrets-encryption or --v=2"]),
        (["--v", "2", "3"], ["spec.serverArgs[2]: '3' is no flag; write it like --secrets-encryption or --v=2"]),
        (["--v=2", "--token=x"], ["spec.serverArgs[1]: --token is set by us; use spec.tokenSecretRef"]),
        (["-t x"], ["spec.serverArgs[0]: --token is set by us; use spec.tokenSecretRef"]),
        (["--data-dir", "/x"], ["spec.serverArgs[0]: --data-dir is set by us; leave it out"]),
        (
            ["--kube-apiserver-arg=enable-aggregator-routing=false"],
            ["spec.serverArgs[0]: --kube-apiserver-arg=enable-aggregator-routing is set by us; leave it out"],
        ),
    ],
)
def test_what_is_no_flag_or_ours_is_told(arguments: list[str], told: list[str]) -> None:
    assert [str(mistake) for mistake in argument_mistakes(demo(server_args=arguments))] == told


@pytest.mark.parametrize(
    "arguments",
    [
        ["--write-kubeconfig-mode=777"],
        ["--disable", "coredns"],
        ["--kube-apiserver-arg=v=2"],
        ["--tls-san a.example.com"],
    ],
)
def test_others_are_fine(arguments: list[str]) -> None:
    assert list(argument_mistakes(demo(server_args=arguments))) == []


def test_the_domain_is_the_one_that_servers_are_told() -> None:
    assert cluster_domain(demo().spec) == "cluster.local"
    assert cluster_domain(demo(server_args=["--cluster-domain=tenant.example"]).spec) == "tenant.example"


@pytest.mark.parametrize(
    ("spec", "is_outside"),
    [
        ({}, False),
        ({"server_args": ["--datastore-endpoint=postgres://db"]}, True),
        ({"server_envs": [{"name": "K3S_DATASTORE_ENDPOINT", "valueFrom": {"secretKeyRef": {}}}]}, True),
    ],
)
def test_a_datastore_outside_is_named_by_flag_or_variable(spec: dict[str, Any], is_outside: bool) -> None:
    assert has_external_datastore(demo(**spec).spec) is is_outside
