"""How long a stream may be silent, or stand still: for hours, as long as its peer is there."""

import asyncio
import contextlib
import socket

_QUIET, _INTERVAL, _PROBES = 30, 10, 3  # a peer that is gone without a word is noticed after a minute


def outlast_silence(transport: asyncio.BaseTransport) -> None:
    """Have the kernel ask a silent peer whether it is there, and wait for one that takes nothing in.

    A user timeout, if set, would end a stream whose reader has its window closed for longer, alive though it is: a
    command that does not read its input.
    """
    connection = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # a connection that is gone already needs no settings
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _QUIET)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _INTERVAL)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 0)
