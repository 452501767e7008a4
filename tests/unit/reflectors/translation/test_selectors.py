from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.context import Context
from reflectors.translation.json_values import Json
from reflectors.translation.metadata import host_labels, is_reserved
from reflectors.translation.selectors import host_pod_affinity, host_spread_constraint, matches, scoped
from tests.unit.reflectors.translation.pods import CONTEXT, labels, pod

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
APP = {"matchLabels": {"app": "web"}}
IN_CLUSTER = {"key": "k3k.io/cluster", "operator": "In", "values": ["demo"]}
NAMESPACES = {"shop": {"team": "a"}, "bank": {"team": "a", "secret": "yes"}, "farm": {"team": "b"}}


def within(*namespaces: str) -> Json:
    return {"key": "k3k.io/virtual-namespace", "operator": "In", "values": list(namespaces)}


ANYWHERE = {"key": "k3k.io/virtual-namespace", "operator": "Exists"}


def host_term(term: Json, virtual: Json | None = None, context: Context = CONTEXT) -> Any:
    affinity = {REQUIRED: [{"topologyKey": "zone", **term}]}
    return host_pod_affinity(affinity, virtual or pod(), context)[REQUIRED][0]


@pytest.mark.parametrize(
    ("about", "expressions"),
    [
        pytest.param({}, [IN_CLUSTER, within("shop")], id="its own namespace"),
        pytest.param({"namespaces": []}, [IN_CLUSTER, within("shop")], id="no list is its own namespace"),
        pytest.param({"namespaces": ["b", "a"]}, [IN_CLUSTER, within("a", "b")], id="named namespaces"),
        pytest.param({"namespaceSelector": {}}, [IN_CLUSTER, ANYWHERE], id="all namespaces, of this cluster only"),
        pytest.param(
            {"namespaceSelector": {}, "namespaces": ["a"]}, [IN_CLUSTER, ANYWHERE], id="all namespaces and one of them"
        ),
        pytest.param(
            {"namespaceSelector": {"matchLabels": {"team": "a"}}},
            [IN_CLUSTER, within("bank", "shop")],
            id="namespaces by label",
        ),
        pytest.param(
            {"namespaceSelector": {"matchLabels": {"team": "b"}}, "namespaces": ["x"]},
            [IN_CLUSTER, within("farm", "x")],
            id="namespaces by label, and named ones",
        ),
    ],
)
def test_an_affinity_term_keeps_to_the_virtual_namespaces_it_is_about(about: Json, expressions: list[Json]) -> None:
    context = replace(CONTEXT, namespaces=NAMESPACES)
    assert host_term({"labelSelector": APP, **about}, context=context) == {
        "topologyKey": "zone",
        "labelSelector": {**APP, "matchExpressions": expressions},
    }


@pytest.mark.parametrize(
    "term",
    [
        pytest.param({}, id="without a selector"),
        pytest.param({"labelSelector": None}, id="with a null selector"),
        pytest.param(
            {"labelSelector": APP, "namespaceSelector": {"matchLabels": {"team": "none"}}}, id="about no namespace"
        ),
    ],
)
def test_a_term_that_matches_no_pod_stays_one(term: Json) -> None:
    assert host_term(term) == {"topologyKey": "zone"}


def test_preferred_terms_are_rewritten_too() -> None:
    weighted = {"weight": 3, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": APP}}
    assert host_pod_affinity({PREFERRED: [weighted]}, pod(), CONTEXT) == {
        PREFERRED: [
            {
                "weight": 3,
                "podAffinityTerm": {
                    "topologyKey": "zone",
                    "labelSelector": {**APP, "matchExpressions": [IN_CLUSTER, within("shop")]},
                },
            }
        ]
    }


@pytest.mark.parametrize(
    ("selector", "merged"),
    [
        pytest.param(
            APP,
            [
                {"key": "hash", "operator": "In", "values": ["1"]},
                {"key": "track", "operator": "NotIn", "values": ["b"]},
            ],
            id="by us",
        ),
        pytest.param(
            APP | {"matchExpressions": [{"key": "hash", "operator": "In", "values": ["0"]}]},
            [
                {"key": "hash", "operator": "In", "values": ["0"]},
                {"key": "track", "operator": "NotIn", "values": ["b"]},
            ],
            id="by the virtual API server already",
        ),
    ],
)
def test_label_keys_are_merged_into_the_selector_once(selector: Json, merged: list[Json]) -> None:
    term = {"labelSelector": selector, "matchLabelKeys": ["hash", "missing"], "mismatchLabelKeys": ["track"]}
    virtual = pod(labels={"hash": "1", "track": "b"})
    assert host_term(term, virtual)["labelSelector"]["matchExpressions"] == [*merged, IN_CLUSTER, within("shop")]


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        pytest.param(
            {"labelSelector": APP},
            {"labelSelector": {**APP, "matchExpressions": [IN_CLUSTER, within("shop")]}},
            id="counts pods of its own namespace",
        ),
        pytest.param(
            {"labelSelector": {}},
            {"labelSelector": {"matchExpressions": [IN_CLUSTER, within("shop")]}},
            id="counts all of them",
        ),
        pytest.param({}, {}, id="counts none"),
        pytest.param(
            {"labelSelector": {}, "matchLabelKeys": ["hash"]},
            {
                "labelSelector": {
                    "matchExpressions": [
                        {"key": "hash", "operator": "In", "values": ["1"]},
                        IN_CLUSTER,
                        within("shop"),
                    ]
                }
            },
            id="counts those of its own revision",
        ),
    ],
)
def test_a_spread_constraint_counts_pods_of_its_own_namespace_only(constraint: Json, expected: Json) -> None:
    common = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    virtual = pod(labels={"hash": "1"})
    assert host_spread_constraint({**common, **constraint}, virtual, CONTEXT) == {**common, **expected}


@pytest.mark.parametrize(
    ("selector", "matching", "others"),
    [
        pytest.param({}, [{}, {"a": "1"}], [], id="everything"),
        pytest.param({"matchLabels": {"a": "1"}}, [{"a": "1"}], [{}, {"a": "2"}], id="a label"),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]},
            [{"a": "1"}, {"a": "2"}],
            [{}, {"a": "3"}],
            id="In",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]},
            [{}, {"a": "2"}],
            [{"a": "1"}],
            id="NotIn",
        ),
        pytest.param({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, [{"a": ""}], [{}], id="Exists"),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, [{}], [{"a": ""}], id="DoesNotExist"
        ),
        pytest.param(
            {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]},
            [{"a": "1", "b": "2"}],
            [{"a": "1"}, {"b": "2"}],
            id="all that is asked",
        ),
    ],
)
def test_a_selector_matches_as_an_api_server_matches(
    selector: Json, matching: list[dict[str, str]], others: list[dict[str, str]]
) -> None:
    assert [each for each in [*matching, *others] if matches(selector, each)] == matching


open_labels = labels.map(lambda all_of_them: {key: text for key, text in all_of_them.items() if not is_reserved(key)})
requirements = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["app", "tier", "example.com/part"]),
        "operator": st.sampled_from(["In", "NotIn"]),
        "values": st.lists(st.sampled_from(["", "a", "b", "demo"]), min_size=1),
    }
) | st.fixed_dictionaries(
    {"key": st.sampled_from(["app", "tier"]), "operator": st.sampled_from(["Exists", "DoesNotExist"])}
)
selectors = st.fixed_dictionaries({}, optional={"matchLabels": open_labels, "matchExpressions": st.lists(requirements)})
some_namespaces = st.sampled_from(["shop", "bank"])
clusters = st.sampled_from([CONTEXT, replace(CONTEXT, cluster="other")])


@given(selectors, some_namespaces, labels, some_namespaces, clusters)
def test_a_scoped_selector_matches_what_the_original_does_and_nobody_elses(
    selector: Json, own: str, their_labels: dict[str, str], theirs: str, their_cluster: Context
) -> None:
    host_pod_labels = host_labels(pod(namespace=theirs, labels=their_labels), their_cluster)
    is_meant = theirs == own and their_cluster is CONTEXT and matches(selector, their_labels)
    assert matches(scoped(selector, [own], CONTEXT), host_pod_labels) is is_meant


@given(selectors, labels, some_namespaces, clusters)
def test_a_selector_over_all_namespaces_still_keeps_to_its_cluster(
    selector: Json, their_labels: dict[str, str], theirs: str, their_cluster: Context
) -> None:
    host_pod_labels = host_labels(pod(namespace=theirs, labels=their_labels), their_cluster)
    is_meant = their_cluster is CONTEXT and matches(selector, their_labels)
    assert matches(scoped(selector, None, CONTEXT), host_pod_labels) is is_meant


@given(selectors, labels)
def test_no_selector_ever_matches_a_pod_that_is_not_a_tenants(selector: Json, their_labels: dict[str, str]) -> None:
    control_plane = {key: text for key, text in their_labels.items() if not is_reserved(key)} | {
        "k3k.io/cluster": "demo"
    }
    assert not matches(scoped(selector, None, CONTEXT), control_plane)
    assert not matches(scoped(selector, ["shop"], CONTEXT), control_plane)
