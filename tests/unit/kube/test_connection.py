import asyncio
import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

import kube.connection
from kube.connection import Access, Connection, open_socket, unreachable
from kube.errors import Unreachable

KEY = ConnectionKey("192.0.2.1", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        pytest.param(aiohttp.ClientConnectorError(KEY, OSError("no route")), True, id="no connection"),
        pytest.param(aiohttp.ClientConnectorDNSError(KEY, OSError("no such name")), True, id="no such name"),
        pytest.param(aiohttp.ClientConnectorSSLError(KEY, OSError("handshake")), True, id="no handshake"),
        pytest.param(ConnectionRefusedError(), True, id="connection refused"),
        pytest.param(ssl.SSLCertVerificationError(), True, id="not trusted"),
        pytest.param(aiohttp.ConnectionTimeoutError(), True, id="no connection in time"),
        pytest.param(aiohttp.ServerDisconnectedError(), False, id="closed before the answer"),
        pytest.param(aiohttp.ClientPayloadError(), False, id="cut in the answer"),
        pytest.param(ConnectionResetError(), False, id="reset"),
        pytest.param(BrokenPipeError(), False, id="reset while sending"),
        pytest.param(TimeoutError(), False, id="no word of the peer's kernel"),
    ],
)
def test_only_a_connection_that_never_was_is_known_to_have_sent_nothing(error: Exception, refused: bool) -> None:
    assert unreachable("POST", "/x", error).refused is refused


def test_error_says_what_happened_and_leaves_the_query_out() -> None:
    error = unreachable("GET", "/x?command=secret", ConnectionResetError(104, "Connection reset by peer"))
    assert str(error) == "GET /x: Unreachable: [Errno 104] Connection reset by peer"


def test_error_without_a_word_is_named() -> None:
    assert str(unreachable("GET", "/x", ConnectionResetError())) == "GET /x: Unreachable: ConnectionResetError"


def test_kernel_breaks_a_connection_whose_peer_says_nothing_for_a_minute() -> None:
    with open_socket((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("192.0.2.1", 443))) as opened:
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        asked_after = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        given_up_after = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1000
        assert asked_after + given_up_after <= 60


async def test_a_peer_that_lets_nobody_in_is_given_up_long_before_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube.connection, "_CONNECT", 0.1)
    connection = Connection("test", None)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        access = Access(f"https://127.0.0.1:{mute.getsockname()[1]}", tls=ssl.create_default_context())
        async with asyncio.timeout(30):
            with pytest.raises(Unreachable) as caught:
                await connection.send(access, "POST", "/x", headers={}, body=b"", stream=False)
    await connection.close()
    assert caught.value.refused
