"""An answer that is sent while it is made, no faster than its reader takes it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

import structlog
from aiohttp import web

from kube.errors import Unreachable

WRITE_LIMIT = 60.0  # seconds until a reader who takes nothing is given up
PIECE = 64 * 1024  # bytes
PAGER_LIMIT = 3600.0  # the same, of what people read: they leave their pagers open

log = structlog.get_logger()


async def streamed_answer(
    request: web.Request,
    pieces: AsyncIterator[bytes],
    *,
    content_type: str,
    headers: Mapping[str, str] | None = None,
    patience: float = WRITE_LIMIT,
) -> web.StreamResponse:
    """Send all pieces, waiting for as long as `patience` until each is taken.

    What cannot be sent whole is cut, so that the reader does not take it for whole.
    """
    response = web.StreamResponse(headers={"Content-Type": content_type, **(headers or {})})
    try:
        await response.prepare(request)
        async for piece in pieces:
            async with asyncio.timeout(patience):
                await response.write(piece)
    except (ConnectionError, TimeoutError, Unreachable) as error:
        log.info("answer cut", path=request.path, error=str(error) or type(error).__name__)
        _cut(request)
    except asyncio.CancelledError:
        _cut(request)
        raise
    return response


async def one_by_one(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Pieces that cost time to make, with other streams going on between them."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def cut_up(whole: bytes) -> Iterator[bytes]:
    """Return pieces of something that is there already: whoever takes none of it shall not hold all of it for long."""
    return (whole[start : start + PIECE] for start in range(0, len(whole), PIECE))


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
