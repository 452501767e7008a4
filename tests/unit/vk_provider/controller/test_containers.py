from typing import Any

import pytest

from vk_provider.controller.containers import container_security, environment, pod_security, resources

REQUESTS = {"cpu": "200m", "memory": "512Mi"}


@pytest.mark.parametrize(
    ("limits", "asked_for", "expected"),
    [
        pytest.param({}, None, {"requests": REQUESTS}, id="nothing said"),
        pytest.param(
            {"cpu": "100m", "memory": "2Gi"},
            None,
            {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"cpu": "100m", "memory": "2Gi"}},
            id="limits",
        ),
        pytest.param(
            {},
            {"requests": {"cpu": 1, "example.com/x": 1}, "limits": {"memory": "256Mi"}},
            {"requests": {"cpu": 1, "memory": "256Mi", "example.com/x": 1}, "limits": {"memory": "256Mi"}},
            id="both",
        ),
        pytest.param(
            {"cpu": 9}, {"limits": {"cpu": 2}}, {"requests": REQUESTS, "limits": {"cpu": 2}}, id="older field"
        ),
    ],
)
def test_there_are_always_requests_and_never_above_the_limits(
    limits: dict[str, Any], asked_for: dict[str, Any] | None, expected: dict[str, Any]
) -> None:
    assert resources(REQUESTS, limits, asked_for) == expected


def test_what_is_said_of_security_is_added_to_what_is_strict() -> None:
    assert (
        pod_security({"supplementalGroups": [7]}).items() >= {"runAsNonRoot": True, "supplementalGroups": [7]}.items()
    )
    assert container_security({"readOnlyRootFilesystem": False}) == {
        **container_security(None),
        "readOnlyRootFilesystem": False,
    }


def test_root_is_root_only_where_it_is_asked_for() -> None:
    assert "runAsNonRoot" not in pod_security({"runAsUser": 0})
    assert pod_security(None)["runAsUser"] > 0


def test_privileged_is_not_mixed_with_what_contradicts_it() -> None:
    assert container_security({"privileged": True}) == {"privileged": True}


def test_a_variable_of_the_spec_takes_the_place_of_ours() -> None:
    given = {"name": "POD_IP", "value": "x"}
    assert [each["name"] for each in environment([given])] == ["POD_NAME", "POD_IP"]
    assert environment([given])[1] == given
