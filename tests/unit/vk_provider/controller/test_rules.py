import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vk_provider.controller.rules import CLUSTER_RULES, DNS_NAME, VERSION, is_host_name, values_at
from vk_provider.controller.versions import k3s_version

NOTHING = {"metadata": {"name": "demo"}, "spec": {}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param("spec.mode", [("spec.mode", "shared")], id="a field"),
        pytest.param("spec.none", [], id="no such field"),
        pytest.param("spec.empty", [], id="a null"),
        pytest.param("spec.addons[].secretRef", [("spec.addons[0].secretRef", "a")], id="in each item that has it"),
        pytest.param("spec.addons[]", [("spec.addons[0]", {"secretRef": "a"}), ("spec.addons[1]", {})], id="items"),
    ],
)
def test_values_are_found_where_they_stand(path: str, found: list[tuple[str, Any]]) -> None:
    root = {"spec": {"mode": "shared", "empty": None, "addons": [{"secretRef": "a"}, {}]}}
    assert list(values_at(path, root)) == found


def test_who_says_nothing_breaks_no_rule() -> None:
    assert [rule for rule in CLUSTER_RULES if list(rule.broken(NOTHING))] == []


@given(st.from_regex(VERSION.rstrip("$"), fullmatch=True))
def test_every_version_that_is_let_in_can_be_read(version: str) -> None:
    assert k3s_version(version).tag.startswith("v1.")


@given(st.from_regex(r"[0-9]{1,3}([.][0-9]{1,3}){3}|[0-9a-f]{1,4}(:[0-9a-f]{0,4}){2,7}", fullmatch=True))
def test_an_address_is_no_host_name(address: str) -> None:
    assert not is_host_name(address)


def test_patterns_mean_the_same_to_python_and_to_re2() -> None:
    """RE2 has no look-around and no back-references, and takes `$` for the very end."""
    for pattern in (DNS_NAME, VERSION):
        assert not re.search(r"\(\?|\\[0-9]", pattern)
    for rule in CLUSTER_RULES:
        if rule.path == "spec.version":
            assert not rule.holds("v1.33.4-k3s1\n")
