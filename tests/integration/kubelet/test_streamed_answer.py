"""Answers that are sent while they are made, to readers who take them and to readers who do not."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from node.kubelet.streamed_answer import PIECE, cut_up, one_by_one, streamed_answer
from tests.integration.kubelet.client import Connection, request, within_limit
from tests.leaks import nothing_left

PATIENCE = 0.3
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[Connection]:
    """A connection to a server that does nothing else."""
    application = web.Application()
    application.router.add_get("/", handler)
    runner = web.AppRunner(application, shutdown_timeout=1, access_log=None)
    async with nothing_left():
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            opened = await asyncio.open_connection(*runner.addresses[0][:2])
            connection = Connection(*opened)
            try:
                yield connection
            finally:
                connection.vanish()
        finally:
            await runner.cleanup()


async def test_all_pieces_arrive_with_the_headers_that_were_wished() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        pieces = one_by_one([b"a", b"b"])
        return await streamed_answer(request, pieces, content_type="text/plain", headers={"Warning": "299 - w"})

    async with answering(answer) as connection:
        connection.send(request("/"))
        head = await connection.head()
        assert (head.headers["content-type"], head.headers["warning"]) == ("text/plain", "299 - w")
        assert await connection.exactly(17) == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"


async def test_a_reader_who_takes_nothing_is_given_up_and_what_makes_the_pieces_ends() -> None:
    made, ended = 0, asyncio.Event()

    async def without_end() -> AsyncIterator[bytes]:
        nonlocal made
        while True:
            made += 1
            yield bytes(PIECE)

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await streamed_answer(request, without_end(), content_type="text/plain", patience=PATIENCE)
        finally:
            ended.set()

    async with answering(answer) as connection:
        connection.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        connection.reader._limit = PIECE  # type: ignore[attr-defined]  # asyncio's own, so that it stops reading
        connection.send(request("/"))
        await within_limit(ended.wait(), "the reader to be given up")
        assert made * PIECE < 32 << 20
        assert not (await connection.rest()).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_is_cut_up_is_the_same_as_before(size: int) -> None:
    whole = bytes(index % 251 for index in range(size))
    pieces = list(cut_up(whole))
    assert b"".join(pieces) == whole
    assert all(len(piece) <= PIECE for piece in pieces)
