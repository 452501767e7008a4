import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.kubelet.authorization import what_is_asked


@pytest.mark.parametrize(
    ("method", "path", "verb", "subresources"),
    [
        ("GET", "/pods", "get", ("pods", "proxy")),
        ("GET", "/runningpods/", "get", ("pods", "proxy")),
        ("GET", "/healthz", "get", ("healthz", "proxy")),
        ("GET", "/healthz/syncloop", "get", ("healthz", "proxy")),
        ("GET", "/configz", "get", ("configz", "proxy")),
        ("GET", "/stats/summary", "get", ("stats",)),
        ("POST", "/stats/summary", "create", ("stats",)),
        ("GET", "/metrics", "get", ("metrics",)),
        ("GET", "/metrics/cadvisor", "get", ("metrics",)),
        ("GET", "/logs/{file}", "get", ("log",)),
        ("GET", "/containerLogs/{namespace}/{pod}/{container}", "get", ("proxy",)),
        ("POST", "/checkpoint/{namespace}/{pod}/{container}", "create", ("checkpoint",)),
        ("PUT", "/pods", "update", ("pods", "proxy")),
        ("PATCH", "/pods", "patch", ("pods", "proxy")),
        ("DELETE", "/pods", "delete", ("pods", "proxy")),
        ("HEAD", "/pods", "", ("pods", "proxy")),
        ("GET", "/nothing/that/is/there", "get", ("proxy",)),
        ("GET", "/metricsandmore", "get", ("proxy",)),
        ("GET", "/", "get", ("proxy",)),
    ],
)
def test_a_path_is_a_subresource_and_a_method_a_verb(
    method: str, path: str, verb: str, subresources: tuple[str, ...]
) -> None:
    asked = what_is_asked(method, path)
    assert (asked.verb, asked.subresources) == (verb, subresources)


@given(
    st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW"]),
    st.sampled_from(["exec", "attach", "portForward", "run"]),
    st.text(),
)
def test_who_enters_a_container_creates_whatever_the_method(method: str, route: str, rest: str) -> None:
    asked = what_is_asked(method, f"/{route}/{rest}")
    assert (asked.verb, asked.subresources) == ("create", ("proxy",))
