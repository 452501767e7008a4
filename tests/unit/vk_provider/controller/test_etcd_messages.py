"""What is said to etcd and understood of it, byte for byte as protocol buffers have it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vk_provider.controller.etcd_members import Member, Server, members_of
from vk_provider.controller.grpc import field, fields


def text(number: int, content: str) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content.encode()


def member(identity: int, name: str, url: str) -> bytes:
    inside = field(1, identity) + (text(2, name) if name else b"") + text(3, url)
    return bytes([2 << 3 | 2, len(inside)]) + inside


@given(st.integers(1, 15), st.integers(0, 2**64 - 1))
def test_numbers_come_back_as_they_were(number: int, value: int) -> None:
    assert list(fields(field(number, value))) == [(number, value)]


@given(st.binary(max_size=60))
def test_garbage_is_an_error_and_nothing_else(message: bytes) -> None:
    try:
        list(fields(message))
    except ValueError:
        return


def test_members_are_read_with_names_and_addresses() -> None:
    header = b"\x0a\x02\x08\x01"
    answer = (
        header + member(2**63 + 5, "k3k-demo-server-0-1a2b3c4d", "https://10.43.0.7:2380") + member(7, "", "https://x")
    )
    assert members_of(answer) == [
        Member(2**63 + 5, "k3k-demo-server-0-1a2b3c4d", ("https://10.43.0.7:2380",)),
        Member(7, "", ("https://x",)),
    ]


@pytest.mark.parametrize(
    ("seen", "is_it"),
    [
        pytest.param(Member(1, "k3k-demo-server-1-1a2b3c4d"), True, id="by its name"),
        pytest.param(Member(1, "k3k-demo-server-11-1a2b3c4d"), False, id="a name that begins alike"),
        pytest.param(Member(1, "", ("https://10.43.0.7:2380",)), True, id="not started: by its address"),
        pytest.param(Member(1, "", ("https://10.43.0.70:2380",)), False, id="not started: another's address"),
        pytest.param(Member(1, "other-1a2b3c4d", ("https://10.43.0.7:2380",)), False, id="started: the name counts"),
    ],
)
def test_a_server_knows_its_member(seen: Member, is_it: bool) -> None:
    assert Server("k3k-demo-server-1", "10.43.0.7").is_member(seen) is is_it
