from hypothesis import given
from hypothesis import strategies as st

from kube.delayed import Delayed

puts = st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(min_value=0, max_value=100)))


@given(puts, st.floats(min_value=0, max_value=100))
def test_keys_come_out_at_the_earliest_of_their_times_in_order(entries: list[tuple[str, float]], now: float) -> None:
    delayed: Delayed[str] = Delayed()
    earliest: dict[str, float] = {}
    for key, due in entries:
        assert delayed.put(key, due) == (due < earliest.get(key, float("inf")))
        earliest[key] = min(due, earliest.get(key, due))

    assert delayed.next_due() == min(earliest.values(), default=None)
    popped = list(delayed.pop_due(now))
    assert sorted(popped) == sorted(key for key, due in earliest.items() if due <= now)
    assert [earliest[key] for key in popped] == sorted(earliest[key] for key in popped)
    assert delayed.next_due() == min((due for due in earliest.values() if due > now), default=None)


def test_a_key_that_came_out_can_be_put_in_again() -> None:
    delayed: Delayed[str] = Delayed()
    delayed.put("a", 1)
    assert list(delayed.pop_due(1)) == ["a"]
    assert delayed.put("a", 5)
    assert list(delayed.pop_due(5)) == ["a"]


def test_keys_need_no_order_among_themselves() -> None:
    delayed: Delayed[frozenset[int]] = Delayed()
    delayed.put(frozenset({1}), 1)
    delayed.put(frozenset({2}), 1)
    assert list(delayed.pop_due(1)) == [frozenset({1}), frozenset({2})]
