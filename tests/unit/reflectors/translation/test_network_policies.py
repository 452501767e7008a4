from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.json_values import Json, listed
from reflectors.translation.metadata import host_labels
from reflectors.translation.network_policies import NetworkPolicyRules, host_policy_spec, is_about_namespaces
from reflectors.translation.selectors import matches
from reflectors.translation.writes import Create, Patch, Refuse
from tests.unit.reflectors.translation.pods import CONTEXT, frozen

NAMESPACES = {"shop": {"team": "a"}, "bank": {"team": "a", "secret": "yes"}, "farm": {"team": "b"}, "void": {}}
KNOWING = replace(CONTEXT, namespaces=NAMESPACES)
APP = {"matchLabels": {"app": "web"}}
IN_CLUSTER = {"key": "k3k.io/cluster", "operator": "In", "values": ["demo"]}


def within(*namespaces: str) -> Json:
    return {"key": "k3k.io/virtual-namespace", "operator": "In", "values": list(namespaces)}


def policy(spec: Json, namespace: str = "shop") -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"namespace": namespace, "name": "guard", "uid": "v1"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], **spec},
    }


def host_ingress(*rules: Json) -> Any:
    return host_policy_spec(policy({"ingress": list(rules)}), KNOWING)[0].get("ingress")


@pytest.mark.parametrize(
    ("rule", "host"),
    [
        pytest.param({}, [{}], id="everybody"),
        pytest.param({"from": []}, [{}], id="an empty list is everybody"),
        pytest.param({"from": None, "ports": [{"port": 80}]}, [{"ports": [{"port": 80}]}], id="everybody, on a port"),
        pytest.param(
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], id="IPs"
        ),
        pytest.param(
            {"from": [{"podSelector": APP}]},
            [{"from": [{"podSelector": APP | {"matchExpressions": [IN_CLUSTER, within("shop")]}}]}],
            id="pods of its own namespace",
        ),
        pytest.param(
            {"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}, "podSelector": APP}]},
            [{"from": [{"podSelector": APP | {"matchExpressions": [IN_CLUSTER, within("bank", "shop")]}}]}],
            id="some pods of some namespaces",
        ),
        pytest.param(
            {"from": [{"namespaceSelector": {"matchLabels": {"team": "none"}}}]}, None, id="no namespace is nobody"
        ),
        pytest.param({"from": [{"newKindOfPeer": {}}]}, None, id="a peer not known here is nobody"),
    ],
)
def test_a_rule_means_the_same_on_the_host(rule: Json, host: Any) -> None:
    assert host_ingress(rule) == host


def test_all_namespaces_are_those_of_this_cluster() -> None:
    anywhere = {"key": "k3k.io/virtual-namespace", "operator": "Exists"}
    rule: Json = {"from": [{"namespaceSelector": {}}]}
    assert host_ingress(rule) == [{"from": [{"podSelector": {"matchExpressions": [IN_CLUSTER, anywhere]}}]}]


def test_a_policy_is_still_about_egress_when_its_egress_rules_admit_nobody() -> None:
    nobody = {"to": [{"namespaceSelector": {"matchLabels": {"team": "none"}}}]}
    spec, _ = host_policy_spec(policy({"policyTypes": [], "egress": [nobody]}), KNOWING)
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in spec


def test_what_is_not_known_is_told() -> None:
    wanted = NetworkPolicyRules(KNOWING).next_host_write(policy({"ingress": [{"from": [{"other": 1}]}]}), None)
    assert isinstance(wanted, Create)
    assert [lost.field for lost in wanted.lost] == ["spec.ingress[0].from[0].other"]


def test_selectors_of_namespaces_are_refused_while_nobody_knows_these() -> None:
    virtual = policy({"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}]})
    refused = NetworkPolicyRules(CONTEXT).next_host_write(virtual, None)
    assert isinstance(refused, Refuse)
    assert refused.message.startswith("spec.ingress[0].from[0].namespaceSelector: ")


@pytest.mark.parametrize(
    ("selector", "is_about"),
    [
        pytest.param({"matchLabels": {"team": "a"}}, True, id="some"),
        pytest.param({}, False, id="all"),
        pytest.param(None, False, id="its own"),
    ],
)
def test_who_depends_on_namespaces_is_known(selector: Json | None, is_about: bool) -> None:
    assert is_about_namespaces(policy({"ingress": [{"from": [{"namespaceSelector": selector}]}]})) is is_about


def test_a_namespace_that_gets_the_label_is_let_in() -> None:
    namespaces = {"shop": {"team": "b"}}
    rules = NetworkPolicyRules(replace(CONTEXT, namespaces=namespaces))
    virtual = policy({"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}]})
    created = rules.next_host_write(virtual, None)
    assert isinstance(created, Create)
    assert "ingress" not in created.body["spec"]
    host = created.body | {"metadata": created.body["metadata"] | {"uid": "h1", "resourceVersion": "1"}}
    assert rules.next_host_write(virtual, host) is None
    namespaces["shop"] = {"team": "a"}
    change = rules.next_host_write(virtual, host)
    assert isinstance(change, Patch)
    assert list(change.body["spec"]) == ["ingress"]


# What a network does with policies, told by what their specification says.


class Pod(NamedTuple):
    cluster: str
    namespace: str
    labels: Json

    @property
    def ip(self) -> str:
        number = sum(map(ord, f"{self.cluster}{self.namespace}{sorted(self.labels.items())}")) % 250
        return f"10.0.{number}.7"


def is_selected(spec: Json, labels: Json) -> bool:
    return matches(spec["podSelector"], labels)


def admits(spec: Json, rules: str, peers: str, is_peer: Any) -> bool:
    return any(
        not listed(rule, peers) or any(is_peer(peer) for peer in listed(rule, peers)) for rule in listed(spec, rules)
    )


def is_virtual_peer(peer: Json, pod: Pod, namespace: str) -> bool:
    """In the cluster of the policy's own, where the pod is one of it."""
    if peer.get("ipBlock"):
        return ip_address(pod.ip) in ip_network(peer["ipBlock"]["cidr"])
    if pod.cluster != CONTEXT.cluster:  # in a cluster of its own there is no such pod
        return False
    selector = peer.get("namespaceSelector")
    is_in = pod.namespace == namespace if selector is None else matches(selector, NAMESPACES[pod.namespace])
    return is_in and matches(peer.get("podSelector") or {}, pod.labels)


def is_host_peer(peer: Json, pod: Pod) -> bool:
    if peer.get("ipBlock"):
        return ip_address(pod.ip) in ip_network(peer["ipBlock"]["cidr"])
    assert "namespaceSelector" not in peer  # pods of the host namespace only
    return matches(peer["podSelector"], labels_on_host(pod))


def labels_on_host(pod: Pod) -> Json:
    metadata = {"namespace": pod.namespace, "name": "any", "uid": "u", "labels": pod.labels}
    return host_labels({"metadata": metadata}, replace(CONTEXT, cluster=pod.cluster))


keys, values = st.sampled_from(["app", "tier", "team"]), st.sampled_from(["a", "b"])
pod_labels = st.dictionaries(keys, values, max_size=2)
expressions = st.builds(
    lambda key, operator, chosen: (
        {"key": key, "operator": operator} | ({"values": chosen} if operator in {"In", "NotIn"} else {})
    ),
    keys,
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    st.lists(values, min_size=1, max_size=2, unique=True),
)
selectors = st.fixed_dictionaries(
    {}, optional={"matchLabels": pod_labels, "matchExpressions": st.lists(expressions, max_size=2)}
)
blocks = st.sampled_from(["10.0.0.0/8", "10.0.7.0/24", "192.168.0.0/16"]).map(lambda cidr: {"ipBlock": {"cidr": cidr}})
pod_peers = st.fixed_dictionaries({"podSelector": selectors}, optional={"namespaceSelector": selectors})
peers = blocks | pod_peers | selectors.map(lambda selector: {"namespaceSelector": selector})


def rules(field: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    rule: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({}, optional={field: st.lists(peers, max_size=2)})
    return st.lists(rule, max_size=2)


specs = st.fixed_dictionaries(
    {"podSelector": selectors, "policyTypes": st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]])},
    optional={"ingress": rules("from"), "egress": rules("to")},
)
pods = st.builds(Pod, st.sampled_from(["demo", "other"]), st.sampled_from(sorted(NAMESPACES)), pod_labels)


@given(specs, st.sampled_from(sorted(NAMESPACES)), st.lists(pods, min_size=1, max_size=6))
def test_a_policy_acts_on_the_pods_that_it_acts_on_in_a_cluster_of_its_own(
    spec: Json, namespace: str, some: Iterable[Pod]
) -> None:
    host, lost = host_policy_spec(frozen(policy(spec, namespace)), KNOWING)
    assert lost == []
    assert host["policyTypes"] == spec["policyTypes"]
    for pod in some:
        is_in = pod.cluster == CONTEXT.cluster and pod.namespace == namespace
        assert is_selected(host, labels_on_host(pod)) is (is_in and is_selected(spec, pod.labels))
        for field, peers_field in (("ingress", "from"), ("egress", "to")):
            virtually = admits(spec, field, peers_field, lambda peer, pod=pod: is_virtual_peer(peer, pod, namespace))
            on_host = admits(host, field, peers_field, lambda peer, pod=pod: is_host_peer(peer, pod))
            assert on_host is virtually
