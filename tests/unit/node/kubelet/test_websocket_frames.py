from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.kubelet.websocket_frames import MAX_MESSAGE, Frames, Kind, pong


def frame(payload: bytes, kind: Kind = Kind.BINARY, *, is_last: bool = True) -> bytes:
    length = len(payload)
    if length < 126:
        size = bytes([length])
    elif length < 1 << 16:
        size = bytes([126]) + length.to_bytes(2, "big")
    else:
        size = bytes([127]) + length.to_bytes(8, "big")
    return bytes([0x80 * is_last | kind]) + size + payload


def read(*pieces: bytes) -> list[tuple[Kind, bytes]]:
    frames = Frames()
    return [message for piece in pieces for message in frames.feed(piece)]


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50))
def test_messages_arrive_whole_however_they_are_cut(payloads: Sequence[bytes], cut: int) -> None:
    stream = b"".join(map(frame, payloads))
    pieces = [stream[start : start + cut] for start in range(0, len(stream), cut)]
    assert read(*pieces) == [(Kind.BINARY, payload) for payload in payloads]


@pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536, 200_000])
def test_lengths_are_written_in_three_ways(length: int) -> None:
    assert read(frame(bytes(length))) == [(Kind.BINARY, bytes(length))]


def test_a_message_may_come_in_parts_with_a_ping_between_them() -> None:
    parts = frame(b"he", is_last=False), frame(b"ping", Kind.PING), frame(b"llo", Kind.CONTINUATION)
    assert read(*parts) == [(Kind.PING, b"ping"), (Kind.BINARY, b"hello")]


@pytest.mark.parametrize(
    "bytes_",
    [
        pytest.param(b"\xc2\x00", id="an extension"),
        pytest.param(b"\x82\x80", id="masked"),
        pytest.param(b"\x82\x7f" + (MAX_MESSAGE + 1).to_bytes(8, "big"), id="too long"),
        pytest.param(frame(b"", Kind.CONTINUATION), id="a part of nothing"),
        pytest.param(frame(b"", is_last=False) * 2, id="a message within a message"),
        pytest.param(b"\x83\x00", id="a kind that there is not"),
    ],
)
def test_what_is_no_such_protocol_is_refused(bytes_: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(bytes_)


@given(st.binary(max_size=200))
def test_anything_is_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except ValueError:
        return


def test_a_pong_is_masked_as_clients_must() -> None:
    assert pong(b"ab") == b"\x8a\x82\x00\x00\x00\x00ab"
