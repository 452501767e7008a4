from typing import Any

import pytest

from vk_provider.cli.cluster.changing import changed, differences, patch_of

BEFORE: dict[str, Any] = {
    "metadata": {"name": "demo", "labels": {"team": "blue"}},
    "spec": {"servers": 1, "tlsSANs": ["a"], "expose": {"nodePort": {}}},
    "status": {"phase": "Ready"},
}


def test_nothing_said_is_no_patch() -> None:
    assert patch_of({}, {}) == {}


def test_an_exposure_takes_the_place_of_any_other() -> None:
    patch = patch_of({"expose": {"loadBalancer": {}}}, {})
    assert changed(BEFORE, patch)["spec"]["expose"] == {"loadBalancer": {}}
    assert changed(BEFORE, patch_of({"expose": {}}, {}))["spec"]["expose"] == {}


def test_a_patch_leaves_the_rest_and_the_original_alone() -> None:
    after = changed(BEFORE, {"spec": {"servers": 3}, "metadata": {"labels": {"team": None, "why": "x"}}})
    assert after["metadata"] == {"name": "demo", "labels": {"why": "x"}}
    assert after["spec"] == {**BEFORE["spec"], "servers": 3}
    assert BEFORE["spec"]["servers"] == 1


@pytest.mark.parametrize(
    ("patch", "lines"),
    [
        pytest.param({"spec": {"servers": 1}}, [], id="the same"),
        pytest.param({"spec": {"servers": 3}}, ["spec.servers: 1 -> 3"], id="a number"),
        pytest.param({"spec": {"tlsSANs": ["a", "b"]}}, ["spec.tlsSANs: a -> a, b"], id="a list"),
        pytest.param({"spec": {"version": "v1"}}, ["spec.version: (none) -> v1"], id="new"),
        pytest.param(
            {"metadata": {"labels": {"team": None}}}, ["metadata.labels.team: blue -> (none)"], id="taken away"
        ),
        pytest.param(
            {"spec": {"serverEnvs": [{"name": "A", "value": "b"}]}},
            ["spec.serverEnvs: (none) -> name=A, value=b"],
            id="a list of objects",
        ),
    ],
)
def test_a_change_is_shown_field_by_field(patch: dict[str, Any], lines: list[str]) -> None:
    assert list(differences(BEFORE, changed(BEFORE, patch))) == lines
