import asyncio
import socket

from kube.connection import watch_silence
from node.kubelet.silence import outlast_silence


async def test_a_stream_that_stands_still_is_not_given_up_but_a_peer_that_is_gone_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, *listening.getsockname())
        connection = transport.get_extra_info("socket")
        watch_silence(connection)
        outlast_silence(transport)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 60
        transport.close()
