from typing import Any

import pytest
from hypothesis import given

from reflectors.translation.json_values import fresh, is_said_alike
from tests.unit.reflectors.translation.pods import anything, frozen


@given(anything)
def test_a_fresh_value_equals_its_original(value: Any) -> None:
    assert fresh(value) == value
    assert fresh(frozen(value)) == value


def test_a_fresh_value_shares_nothing_that_can_change() -> None:
    original = {"a": [{"b": 1}]}
    copy = fresh(original)
    copy["a"][0]["b"] = 2
    copy["a"].append({})
    assert original == {"a": [{"b": 1}]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"a": None}, {}, id="null and missing"),
        pytest.param({"a": {}}, {}, id="empty and missing"),
        pytest.param({"a": []}, {}, id="empty list and missing"),
        pytest.param({"a": {"b": None}}, {"a": None}, id="nothing within"),
        pytest.param({"a": ""}, {}, id="empty text and missing"),
        pytest.param([{"a": None}], [{}], id="in a list"),
        pytest.param({"state": {}, "name": "a"}, {"name": "a"}, id="beside something"),
    ],
)
def test_what_api_servers_take_for_one_thing_is_said_alike(one: Any, other: Any) -> None:
    assert is_said_alike(one, other)
    assert is_said_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"a": False}, {}, id="false is not missing"),
        pytest.param({"a": 0}, {}, id="zero is not missing"),
        pytest.param([{}], [], id="a list's length counts"),
        pytest.param([1, 2], [2, 1], id="a list's order counts"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, id="within"),
        pytest.param({"a": {"b": 1}}, {"a": 1}, id="of another form"),
    ],
)
def test_what_differs_is_not_said_alike(one: Any, other: Any) -> None:
    assert not is_said_alike(one, other)
    assert not is_said_alike(other, one)


@given(anything)
def test_everything_is_said_like_itself(value: Any) -> None:
    assert is_said_alike(value, value)
    assert is_said_alike({"a": value}, {"a": value, "b": None})
