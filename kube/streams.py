"""An answer that is read while it arrives: logs, watches. Bytes pass through as they come."""

from collections.abc import AsyncIterator, Mapping

import aiohttp

from kube.connection import unreachable


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

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what has arrived, in pieces of any size, until the end; raises Unreachable if it is cut before."""
        try:
            while chunk := await self._response.content.readany():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(self._method, self._path, error) from error
