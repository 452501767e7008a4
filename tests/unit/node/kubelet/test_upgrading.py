from hypothesis import given
from hypothesis import strategies as st

from node.kubelet.upgrading import split_behind_heads

END = b"\r\n\r\n"
# Bytes in which ends of heads, whole or cut, are frequent.
_STREAMS = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", END, b"a", b"bc"]), max_size=30).map(b"".join)


def test_a_head_is_cut_from_what_follows() -> None:
    assert list(split_behind_heads(b"", b"POST / HTTP/1.1" + END + b"more")) == [b"POST / HTTP/1.1" + END, b"more"]


def test_a_head_may_end_with_what_came_before() -> None:
    assert list(split_behind_heads(b"\r\n\r", b"\nmore")) == [b"\n", b"more"]


def test_nothing_is_one_empty_piece() -> None:
    assert list(split_behind_heads(b"abc", b"")) == [b""]


@given(st.lists(_STREAMS.filter(bool), max_size=5))
def test_pieces_are_the_stream_and_each_end_of_a_head_ends_a_piece(reads: list[bytes]) -> None:
    before, pieces = b"", []
    for data in reads:
        pieces += list(split_behind_heads(before, data))
        before = (before + data)[-3:]
    stream = b"".join(reads)
    assert b"".join(pieces) == stream
    borders = {len(b"".join(pieces[:count])) for count in range(len(pieces) + 1)}
    assert {at for at in range(len(stream) + 1) if stream[:at].endswith(END)} <= borders
