from hypothesis import given
from hypothesis import strategies as st

from kube.fair_queue import FairQueue

Key = tuple[str, int]
keys = st.tuples(st.sampled_from("abc"), st.integers(min_value=0, max_value=9))


def queue_of(pushed: list[Key]) -> FairQueue[Key]:
    queue: FairQueue[Key] = FairQueue(lambda key: key[0])
    for moment, key in enumerate(pushed):
        queue.push(key, moment)
    return queue


def drained(queue: FairQueue[Key]) -> list[Key]:
    popped = []
    while (taken := queue.pop()) is not None:
        popped.append(taken[0])
    return popped


def test_partitions_take_turns() -> None:
    queue = queue_of([("a", 1), ("a", 2), ("a", 3), ("b", 1), ("c", 1), ("b", 2)])
    assert drained(queue) == [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("a", 3)]


def test_a_key_that_is_queued_keeps_its_place_and_time() -> None:
    queue = queue_of([("a", 1), ("a", 2)])
    assert not queue.push(("a", 1), 9)
    assert queue.pop() == (("a", 1), 0)


def test_an_empty_queue_has_nothing_to_give() -> None:
    queue = queue_of([])
    assert queue.pop() is None
    assert queue.oldest() is None
    assert len(queue) == 0


def test_oldest_is_the_one_that_waited_longest_in_any_partition() -> None:
    queue = queue_of([("b", 1), ("a", 1), ("a", 2)])
    queue.pop()
    assert queue.oldest() == 1


@given(st.lists(keys))
def test_every_key_comes_out_once_and_in_order_within_its_partition(pushed: list[Key]) -> None:
    queue = queue_of(pushed)
    distinct = list(dict.fromkeys(pushed))
    assert len(queue) == len(distinct)
    popped = drained(queue)
    for partition in "abc":
        assert [key for key in popped if key[0] == partition] == [key for key in distinct if key[0] == partition]
    assert len(queue) == 0


@given(st.lists(keys), st.lists(keys))
def test_a_partition_overtakes_a_waiting_one_at_most_once_for_each_key_before_it(
    before: list[Key], after: list[Key]
) -> None:
    """However many keys the others have, ours at position n of its partition is among the first n rounds."""
    ours = ("z", 0)
    queue = queue_of([*before, ours, *after])
    popped = drained(queue)
    ahead = [partition for partition, _ in popped[: popped.index(ours)]]
    assert all(ahead.count(partition) <= 1 for partition in "abc")
