from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kube import resources
from kube.resources import LEASES, NODES, PODS, Resource

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(PODS.path(), "/api/v1/pods", id="all of the core group"),
        pytest.param(PODS.path("shop"), "/api/v1/namespaces/shop/pods", id="a namespace"),
        pytest.param(PODS.path("shop", "web"), "/api/v1/namespaces/shop/pods/web", id="an object"),
        pytest.param(PODS.path("shop", "web", "log"), "/api/v1/namespaces/shop/pods/web/log", id="a subresource"),
        pytest.param(
            PODS.path("shop", "web", "proxy/metrics"),
            "/api/v1/namespaces/shop/pods/web/proxy/metrics",
            id="a path under a subresource",
        ),
        pytest.param(NODES.path(name="n1"), "/api/v1/nodes/n1", id="a cluster-wide object"),
        pytest.param(
            LEASES.path("kube-system", "x"),
            "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x",
            id="a group with a name",
        ),
        pytest.param(NODES.path(name="system:node:a"), "/api/v1/nodes/system:node:a", id="colons, as roles have them"),
    ],
)
def test_path_is_where_the_api_server_has_it(path: str, expected: str) -> None:
    assert path == expected


@given(texts, texts)
def test_no_name_escapes_its_segment(namespace: str, name: str) -> None:
    assume(not {namespace, name} & {".", ".."})
    segments = PODS.path(namespace, name).split("/")
    assert len(segments) == 7
    assert (unquote(segments[4]), unquote(segments[6])) == (namespace, name)
    assert all(segment.isascii() and not set(segment) & set("?#% ") - {"%"} for segment in segments)


@pytest.mark.parametrize("name", [".", ".."])
def test_names_that_servers_would_resolve_away_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        PODS.path("shop", name)


def test_namespaced_object_needs_a_namespace() -> None:
    with pytest.raises(ValueError, match="pods/web: which namespace"):
        PODS.path(name="web")


def test_cluster_wide_object_has_no_namespace() -> None:
    with pytest.raises(ValueError, match="nodes have no namespace"):
        NODES.path("shop", "n1")


def test_version_is_written_as_in_objects() -> None:
    assert (PODS.api_version, LEASES.api_version) == ("v1", "coordination.k8s.io/v1")


def test_constants_are_all_different() -> None:
    constants = [value for value in vars(resources).values() if isinstance(value, Resource)]
    assert len({(each.group, each.plural) for each in constants}) == len(constants)
    assert len({each.kind for each in constants}) == len(constants)
