from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.digests import LENGTH, digest

parts = st.lists(st.text(), max_size=4)


@given(parts)
def test_a_digest_is_part_of_a_dns_label_and_has_at_least_60_bits(some: list[str]) -> None:
    assert set(digest(*some)) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert len(digest(*some)) == LENGTH
    assert LENGTH * 5 >= 60


@given(parts, parts)
def test_different_parts_have_different_digests(some: list[str], others: list[str]) -> None:
    assert (digest(*some) == digest(*others)) == (some == others)


def test_parts_are_told_apart_where_they_meet() -> None:
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", ""), digest("", "abc")}) == 5


def test_a_digest_is_the_same_for_ever() -> None:
    assert digest("Pod", "shop", "web") == "imcmuz3ts4dv3"
