import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.lines import LineSplitter, LineTooLong


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream, and the same stream in chunks that may begin and end anywhere."""
    stream = b"".join(draw(st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r", b"{}", b"\xff"]), max_size=40)))
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    return stream, [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@given(chunked())
def test_lines_are_the_same_however_the_stream_is_cut(streamed: tuple[bytes, list[bytes]]) -> None:
    stream, chunks = streamed
    splitter = LineSplitter()
    complete = stream.split(b"\n")[:-1]
    assert [line for chunk in chunks for line in splitter.feed(chunk)] == [line for line in complete if line]


def test_unfinished_line_is_held_back() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b'{"type":') == []
    assert splitter.feed(b'"ADDED"}\n{') == [b'{"type":"ADDED"}']


def test_line_of_many_megabytes_is_a_line() -> None:
    splitter = LineSplitter()
    chunk = b"x" * 65536
    assert [line for _ in range(200) for line in splitter.feed(chunk)] == []
    assert [len(line) for line in splitter.feed(b"\n")] == [200 * 65536]


@pytest.mark.parametrize(("before", "chunk"), [(b"", b"12345"), (b"12\n34", b"567")])
def test_line_that_never_ends_is_refused(before: bytes, chunk: bytes) -> None:
    splitter = LineSplitter(limit=4)
    splitter.feed(before)
    with pytest.raises(LineTooLong):
        splitter.feed(chunk)


def test_limit_is_for_one_line_and_not_for_all() -> None:
    splitter = LineSplitter(limit=4)
    assert [splitter.feed(b"1234\n") for _ in range(3)] == [[b"1234"]] * 3
