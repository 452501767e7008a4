import pytest

from node.kubelet.bearer_tokens import MAX_TOKEN_BYTES, bearer_token


@pytest.mark.parametrize(
    ("header", "token"),
    [
        pytest.param("Bearer abc", "abc", id="a token"),
        pytest.param("bearer  abc ", "abc", id="written otherwise"),
        pytest.param("", None, id="nothing"),
        pytest.param("Bearer", None, id="no token"),
        pytest.param("Bearer ", None, id="an empty one"),
        pytest.param("Basic abc", None, id="another scheme"),
        pytest.param("Bearer a b", None, id="two words"),
        pytest.param("Bearer ü", None, id="no ASCII"),
        pytest.param("Bearer a\x01", None, id="unprintable"),
        pytest.param("Bearer " + "a" * MAX_TOKEN_BYTES, "a" * MAX_TOKEN_BYTES, id="long"),
        pytest.param("Bearer " + "a" * (MAX_TOKEN_BYTES + 1), None, id="too long"),
    ],
)
def test_a_header_has_a_token_or_none(header: str, token: str | None) -> None:
    assert bearer_token(header) == token
