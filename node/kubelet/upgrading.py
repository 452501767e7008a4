"""An aiohttp server connection that can change protocols to anything, not only to WebSocket.

aiohttp's parser drops what follows a request for another protocol, or takes it for the next request. So reading stops
behind such a request, and what came with it is kept for whoever takes the connection over.

aiohttp limits each line of a request's head; here the whole head is limited too, in bytes and in time.

Private names of aiohttp in use, which is why its minor version is pinned: `RequestHandler._messages`, and the fields of
its entries; `_current_request`.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any, cast

from aiohttp import hdrs
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse
from aiohttp.web_server import Server

from node.kubelet.silence import outlast_silence
from node.kubelet.visits import Visit

MAX_HEAD_BYTES = (1 << 20) + 4096  # as Go's servers, the API server among them
HEAD_SECONDS = 30.0  # from the first byte of a head to its last one
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_END_OF_HEAD = re.compile(rb"(?=(\r\n\r\n))")  # ahead, so that none hides in another's end


class UpgradingHandler(RequestHandler):
    """Hands its connection over on request; answers HTTP as its base does until then."""

    _behind: bytes | None = None  # what came behind a request for another protocol; None while there is no such request
    _last: bytes = b""
    _head_bytes = 0
    _head_limit: asyncio.TimerHandle | None = None
    _payload: StreamReader | None = None  # of the last request

    def __init__(
        self, manager: Server, *, visit: Visit | None = None, head_seconds: float = HEAD_SECONDS, **settings: Any
    ) -> None:
        super().__init__(manager, **settings)
        self._visit = visit
        self._head_seconds = head_seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        outlast_silence(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._head_ended()
        super().connection_lost(exc)
        if self._visit is not None:
            self._visit.end()

    def become_known(self) -> None:
        """Note that whoever is at the other end has said who it is."""
        if self._visit is not None:
            self._visit.become_known()

    @property
    def is_asked_to_upgrade(self) -> bool:
        """Whether the request being handled wants another protocol and brought no body."""
        return self._behind is not None

    def hand_over(self) -> tuple[asyncio.Transport, bytes]:
        """Give the transport away, its reading paused, with what was received for its next protocol.

        The taker sets its own protocol, and calls `connection_lost` here at the end: the server counts this connection
        until then. Raises ConnectionError if the client has left.
        """
        transport, behind = self.transport, self._behind
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has left")
        if behind is None:
            raise RuntimeError("nobody asked for another protocol")
        self.keep_alive(False)  # stops the timer that would close the connection  # noqa: FBT003 - aiohttp's signature
        self._behind = b""
        return transport, behind

    def data_received(self, data: bytes) -> None:
        for piece in split_behind_heads(self._last, data):
            if self._behind is None:
                self._parse(piece)
            else:
                self._behind += piece
        self._last = (self._last + data)[-3:]

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Answer what is no request without a word in the log, which anybody could fill with it."""
        if not isinstance(exc, HttpProcessingError) or request.writer.output_size:
            return super().handle_error(request, status, exc, message)
        refusal = Response(status=status, text="Bad Request", headers={hdrs.SERVER: ""})
        refusal.force_close()
        return refusal

    async def finish_response(
        self, request: BaseRequest, resp: StreamResponse, start_time: float | None
    ) -> tuple[StreamResponse, bool]:
        """Send the answer; it is the last one if another protocol was asked for, be it granted or refused."""
        if self._behind is not None:
            resp.force_close()
        return await super().finish_response(request, resp, start_time)

    def _parse(self, piece: bytes) -> None:
        """Parse at most to the end of one request's head, so that nothing behind it reaches the parser."""
        known = len(self._messages)
        if piece and (self._payload is None or self._payload.is_eof()) and not self._take_into_head(len(piece)):
            return
        super().data_received(piece)
        if len(self._messages) == known:
            return
        self._head_ended()
        message, self._payload = self._messages[-1]
        # A message that could not be parsed has no such field.
        if getattr(message, "upgrade", False) and self._payload is EMPTY_PAYLOAD:
            self._behind = b""
            cast("asyncio.Transport", self.transport).pause_reading()

    def _take_into_head(self, count: int) -> bool:
        """Count what came of a head; False if that is too much, and the end of the connection."""
        self._head_bytes += count
        if self._head_limit is None:
            self._head_limit = self._loop.call_later(self._head_seconds, self.force_close)
        if self._head_bytes <= MAX_HEAD_BYTES:
            return True
        if self.transport is not None and self._current_request is None and not self._messages:
            self.transport.write(_TOO_LARGE)
        self.force_close()
        return False

    def _head_ended(self) -> None:
        self._head_bytes = 0
        if self._head_limit is not None:
            self._head_limit.cancel()
            self._head_limit = None


def split_behind_heads(before: bytes, data: bytes) -> Iterator[bytes]:
    """Cut `data` wherever a request's head may end; `before` are the three bytes that came before.

    A body may be cut as well, which does no harm. Without data there is one empty piece: aiohttp feeds itself so.
    """
    start = 0
    for match in _END_OF_HEAD.finditer(before + data):
        end = match.end(1) - len(before)
        yield data[start:end]
        start = end
    if start < len(data) or not data:
        yield data[start:]
