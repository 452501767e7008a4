from typing import Any

from hypothesis import given

from reflectors.translation.allow_list import UNKNOWN, Fields, LeftOut, Lost, Replaced, copied, known_part
from tests.unit.reflectors.translation.pods import anything, frozen

FIELDS: Fields = copied("plain map", one=copied("a"), many=copied("b")) | {
    "gone": LeftOut("has done its work"),
    "computed": Replaced("elsewhere"),
}


def test_what_is_listed_is_copied_as_far_as_it_is_listed() -> None:
    value = {"plain": 1, "map": {"any": ["thing"]}, "one": {"a": 1}, "many": [{"b": 1}, {"b": 2}]}
    assert known_part(value, FIELDS, "spec") == (value, [])


def test_what_is_not_known_is_left_out_and_named() -> None:
    value = {"new": 1, "one": {"a": 1, "new": 2}, "many": [{"b": 1}, {"new": 3}]}
    assert known_part(value, FIELDS, "spec") == (
        {"one": {"a": 1}, "many": [{"b": 1}, {}]},
        [Lost("spec.new", UNKNOWN), Lost("spec.one.new", UNKNOWN), Lost("spec.many[1].new", UNKNOWN)],
    )


def test_what_is_left_out_on_purpose_or_computed_is_no_loss() -> None:
    assert known_part({"gone": 1, "computed": 2}, FIELDS, "spec") == ({}, [])


def test_null_is_absent() -> None:
    assert known_part({"plain": None, "new": None, "one": None, "many": None}, FIELDS, "spec") == ({}, [])


@given(anything)
def test_a_copy_shares_nothing_that_can_change(value: Any) -> None:
    original = {"map": value}
    copy, _ = known_part(frozen(original), FIELDS, "spec")
    assert copy == ({} if value is None else original)
