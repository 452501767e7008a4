import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.connection import Access
from kube.upgrade import Head, UpgradeRequest, complete_body, parse_head


def test_head_is_parsed() -> None:
    data = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nX-A:1\r\nX-A: 2 \r\nX-Empty:"
    headers = [("Upgrade", "SPDY/3.1"), ("X-A", "1"), ("X-A", "2"), ("X-Empty", "")]
    assert parse_head(data) == Head(101, "Switching Protocols", headers)


def test_head_without_a_reason_is_parsed() -> None:
    assert parse_head(b"HTTP/1.0 403") == Head(403, "", [])


@pytest.mark.parametrize("data", [b"", b"HTTP/2 200", b"SSH-2.0-OpenSSH", b"HTTP/1.1 abc", b"\xff\xfe"])
def test_what_is_no_http_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not an HTTP/1 answer"):
        parse_head(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    try:
        parse_head(data)
    except ValueError:
        return


def test_headers_are_found_whatever_their_case() -> None:
    assert Head(200, "", [("CONTENT-Type", "a")]).header("content-type") == "a"
    assert Head(200, "", []).header("content-type") == ""


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x;note\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_chunked_body_is_put_together_once_it_is_complete(pieces: list[bytes]) -> None:
    head = Head(403, "", [("Transfer-Encoding", "chunked")])
    sent = chunked(pieces)
    assert complete_body(head, sent) == b"".join(pieces)
    before_the_end = len(sent) - len(b"\r\n\r\n") - 1
    assert all(complete_body(head, sent[:length]) is None for length in range(before_the_end))


@given(st.binary(max_size=40), st.binary(max_size=10))
def test_body_of_a_known_length_ends_there(body: bytes, more: bytes) -> None:
    head = Head(403, "", [("Content-Length", str(len(body)))])
    assert complete_body(head, body + more) == body
    assert all(complete_body(head, body[:length]) is None for length in range(len(body)))


def test_body_of_unknown_length_ends_with_the_stream() -> None:
    assert complete_body(Head(403, "", []), b"abc") is None


def test_request_is_written_as_it_was_given() -> None:
    request = UpgradeRequest("POST", "/api/v1/x/exec?command=a%20b", [("Upgrade", "SPDY/3.1"), ("X", "1"), ("X", "2")])
    assert request.encode(Access("https://192.0.2.1:6443/cluster/", "Bearer t")) == (
        b"POST /cluster/api/v1/x/exec?command=a%20b HTTP/1.1\r\nHost: 192.0.2.1:6443\r\n"
        b"Upgrade: SPDY/3.1\r\nX: 1\r\nX: 2\r\nAuthorization: Bearer t\r\n\r\n"
    )


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(UpgradeRequest("GET", "/x", [("X", "a\r\nAuthorization: Bearer other")]), id="in a value"),
        pytest.param(UpgradeRequest("GET", "/x", [("X\nY", "a")]), id="in a name"),
        pytest.param(UpgradeRequest("GET", "/x\r\n", []), id="in the path"),
    ],
)
def test_nobody_adds_lines_to_a_request(request_: UpgradeRequest) -> None:
    with pytest.raises(ValueError, match="line break"):
        request_.encode(Access("https://192.0.2.1"))
