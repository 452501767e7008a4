import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.applied import Difference, Part, Parts, difference, record, record_after
from reflectors.translation.json_values import Draft
from tests.unit.reflectors.translation.pods import scalars

parts = st.dictionaries(
    st.tuples(st.sampled_from(["labels", "image"]), st.sampled_from(["app", "a.b/c", "ä"])), scalars
)
APP, NOTE, TIER = ("labels", "app"), ("annotations", "note"), ("labels", "tier")


def host(text: str | None) -> Draft:
    return {"metadata": {"annotations": {"k3k.io/applied": text} if text is not None else None}}


@given(parts)
def test_what_was_recorded_is_not_different(wanted: Parts) -> None:
    assert difference(wanted, host(record(wanted))) == Difference(frozenset(), frozenset())


@given(parts, parts)
def test_what_changed_and_what_is_gone_is_told(before: Parts, now: Parts) -> None:
    found = difference(now, host(record(before)))
    # As JSON: to Python, true and 1 are equal.
    as_json = {part: orjson.dumps(value, option=orjson.OPT_SORT_KEYS) for part, value in before.items()}
    assert found.changed == {
        part for part, value in now.items() if as_json.get(part) != orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    }
    assert found.removed == before.keys() - now.keys()


def test_a_part_that_is_left_for_later_stays_as_it_was_recorded() -> None:
    before: dict[Part, object] = {APP: "a", TIER: "x"}
    now: dict[Part, object] = {APP: "b", TIER: "y", NOTE: "n"}
    there = host(record(before))
    left = difference(now, host(record_after(now, there, except_for=[TIER, NOTE])))
    assert left == Difference(changed=frozenset({TIER, NOTE}), removed=frozenset())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="no annotation"),
        pytest.param("", id="empty"),
        pytest.param("{", id="broken"),
        pytest.param("[1]", id="of another form"),
        pytest.param("null", id="null"),
    ],
)
def test_a_record_that_cannot_be_read_means_that_everything_is_applied_again(text: str | None) -> None:
    assert difference({APP: "a"}, host(text)) == Difference(changed=frozenset({APP}), removed=frozenset())


def test_a_large_value_makes_no_large_record() -> None:
    assert len(record({NOTE: "x" * 1024 * 1024})) < 100
