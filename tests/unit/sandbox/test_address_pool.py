import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.address_pool import AddressPool

UIDS = st.sampled_from(["a", "b", "c"])
ADDRESSES = ["1", "2", "3"]
STEPS = st.one_of(
    st.tuples(st.just("take"), UIDS),
    st.tuples(st.just("release"), UIDS),
    st.tuples(st.just("hold"), UIDS, st.sampled_from(ADDRESSES)),
)


@given(st.lists(STEPS, max_size=30))
def test_no_two_pods_ever_have_the_same_address_and_none_changes(steps: list[tuple[str, ...]]) -> None:
    pool = AddressPool(ADDRESSES)
    held: dict[str, str] = {}
    for verb, uid, *rest in steps:
        if verb == "take":
            address = pool.take(uid)
            assert held.setdefault(uid, address) == address
        elif verb == "release":
            pool.release(uid)
            held.pop(uid, None)
        elif uid not in held and rest[0] not in held.values():
            pool.hold(uid, rest[0])
            held[uid] = rest[0]
        assert len(set(held.values())) == len(held)


def test_an_address_given_back_is_used_last() -> None:
    pool = AddressPool(ADDRESSES)
    assert [pool.take("a"), pool.take("b")] == ["1", "2"]
    pool.release("a")
    assert [pool.take("c"), pool.take("d")] == ["3", "1"]


def test_of_two_pods_that_claim_an_address_the_first_is_believed() -> None:
    pool = AddressPool(ADDRESSES)
    pool.hold("a", "1")
    pool.hold("b", "1")
    assert (pool.take("a"), pool.take("b")) == ("1", "2")


def test_when_all_are_held_the_error_says_what_to_do() -> None:
    pool = AddressPool(["1"])
    pool.take("a")
    with pytest.raises(LookupError, match="larger --network"):
        pool.take("b")
