from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from node.kubelet.stats.counters import Integrals, Total

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
HALF_A_MINUTE = timedelta(seconds=30)
WEB, SIDE = ("web", "app"), ("web", "side")


def test_a_rate_becomes_the_time_that_was_used_at_it() -> None:
    integrals = Integrals()

    def add(seconds: int, millicores: int) -> float:
        at = START + timedelta(seconds=seconds)
        return integrals.add(WEB, nanocores=millicores * 10**6, at=at, window=HALF_A_MINUTE) / 1e9

    assert add(0, 100) == 3.0, "the window before the first sample"
    assert add(60, 500) == 33.0
    assert add(60, 900) == 33.0, "the same sample again"
    assert add(30, 900) == 33.0, "an older one"
    assert add(70, 0) == 33.0
    integrals.forget_all_but(["other"])
    assert add(80, 100) == 3.0


@given(st.lists(st.tuples(st.integers(0, 10**10), st.integers(0, 1000)), max_size=20))
def test_time_used_never_shrinks(samples: list[tuple[int, int]]) -> None:
    integrals, last = Integrals(), 0
    for nanocores, seconds in samples:
        at = START + timedelta(seconds=seconds)
        used = integrals.add(WEB, nanocores=nanocores, at=at, window=HALF_A_MINUTE)
        assert used >= last
        last = used


def test_a_total_goes_on_when_parts_come_go_and_start_again() -> None:
    total = Total()
    assert total.add({WEB: 10, SIDE: 5}, pods=["web"]) == 15
    assert total.add({WEB: 12, SIDE: 5}, pods=["web"]) == 17
    assert total.add({WEB: 3, SIDE: 5}, pods=["web"]) == 20, "it was restarted"
    assert total.add({}, pods=["web"]) == 20, "nobody tells"
    assert total.add({WEB: 4}, pods=["web"]) == 21
    assert total.add({}, pods=[]) == 21, "it is gone"
    assert total.add({WEB: 2}, pods=["web"]) == 23, "it is another of that name"


@given(st.lists(st.dictionaries(st.tuples(st.sampled_from("abc"), st.just("")), st.integers(0, 100)), max_size=20))
def test_a_total_never_shrinks(rounds: list[dict[tuple[str, str], int]]) -> None:
    total, last = Total(), 0
    for used in rounds:
        now = total.add(used, pods=[pod for pod, _ in used])
        assert now >= last
        last = now
