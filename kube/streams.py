"""An answer that is read while it arrives: logs, watches. Bytes pass through as they come."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

import aiohttp

from kube.connection import unreachable
from kube.errors import Unreachable


class Stream:
    """A granted request whose body is still coming."""

    def __init__(self, method: str, path: str, response: aiohttp.ClientResponse) -> None:
        self._method = method
        self._path = path
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    async def chunks(self, *, silence: float | None = None) -> AsyncGenerator[bytes, None]:
        """Yield what has arrived, in pieces of any size, until the end; raises Unreachable if it is cut before.

        It counts as cut when nothing arrives for `silence` seconds.
        """
        try:
            while chunk := await self._next(silence):
                yield chunk
        except TimeoutError as error:
            raise Unreachable(self._method, self._path, f"nothing came for {silence:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(self._method, self._path, error) from error

    async def _next(self, silence: float | None) -> bytes:
        async with asyncio.timeout(silence):
            return await self._response.content.readany()
