"""Requests to an API server, whatever they are about: credentials, deadlines, retries, typed errors.

A path is percent-encoded already (`Resource.path` gives such); a query is pairs, encoded here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import random
from time import monotonic
from typing import Protocol, TypeVar
from urllib.parse import urlencode

import aiohttp

from kube.connection import Access, Connection, Credentials, cut, unreachable
from kube.deadlines import Deadlines
from kube.errors import Answer, ApiError, CredentialsError, Unauthorized, Unreachable, error_from_response, seconds
from kube.retries import retry_delay
from kube.streams import Stream
from kube.upgrade import Headers, Upgraded, UpgradeRequest, upgrade

Query = Sequence[tuple[str, str]]
JSON_PATCH = "application/json-patch+json"

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_NOTHING: Mapping[str, str] = {}
T = TypeVar("T")


class CallObserver(Protocol):
    def answered(self, method: str, status: int, seconds: float) -> None:
        """Learn of one request sent; a status of 0 says that no answer came."""


class Calls:
    def __init__(
        self,
        credentials: Credentials,
        *,
        user_agent: str,
        timeout: float,
        observer: CallObserver | None,
        may_write: Callable[[], bool] | None,
    ) -> None:
        self._credentials = credentials
        self._connection = Connection(user_agent, may_write)
        self._user_agent = user_agent
        self._timeout = timeout
        self._deadlines = Deadlines()
        self._observer = observer

    async def close(self) -> None:
        await self._connection.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] = _NOTHING,
        body: bytes | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - retries and their waits must know it, and the error names it
    ) -> bytes:
        """Return the whole body of the answer; raises ApiError. `timeout` bounds all attempts together."""
        target = with_query(path, query)

        async def attempt(access: Access) -> bytes:
            response = await self._send(access, method, target, headers=headers, body=body, stream=False)
            return await _read(method, path, response)

        idempotent = method in _IDEMPOTENT and headers.get("Content-Type") != JSON_PATCH
        return await self._until_granted(method, path, attempt, idempotent=idempotent, limit=timeout)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        timeout: float | None = None,  # noqa: ASYNC109 - as in `request`
    ) -> AsyncIterator[Stream]:
        """Give the answer as soon as its head is there; the deadline ends with the head."""
        target = with_query(path, query)

        async def attempt(access: Access) -> aiohttp.ClientResponse:
            return await self._send(access, method, target, headers=_NOTHING, body=None, stream=True)

        response = await self._until_granted(method, path, attempt, idempotent=method == "GET", limit=timeout)
        try:
            yield Stream(method, path, response)
        finally:
            cut(response)

    async def upgrade(self, method: str, path: str, *, query: Query = (), headers: Headers = ()) -> Upgraded:
        """Change protocols; `headers` say to which (Upgrade, and whatever that protocol negotiates)."""
        fixed = [*headers, ("Connection", "Upgrade"), ("User-Agent", self._user_agent)]
        if method != "GET":
            fixed.append(("Content-Length", "0"))

        async def attempt(access: Access) -> Upgraded:
            return await upgrade(access, UpgradeRequest(method, with_query(path, query), fixed))

        return await self._until_granted(method, path, attempt, idempotent=False, limit=None)

    async def _until_granted(
        self,
        method: str,
        path: str,
        attempt: Callable[[Access], Awaitable[T]],
        *,
        idempotent: bool,
        limit: float | None,
    ) -> T:
        """Repeat the attempt as long as that is safe and the deadline allows; raises what the last one raised."""
        limit = self._timeout if limit is None else limit
        deadline = monotonic() + limit
        attempts, refusals = 0, 0
        try:
            async with self._deadlines.within(limit):
                while True:
                    access = await self._credentials.access()
                    attempts += 1
                    try:
                        return await attempt(access)
                    except Unauthorized:
                        refusals += 1
                        if refusals > 1 or not await self._credentials.refused(access):
                            raise
                    except ApiError as error:
                        delay = retry_delay(error, idempotent=idempotent, attempt=attempts, random=random)
                        if delay is None or monotonic() + delay >= deadline:
                            raise
                        await asyncio.sleep(delay)
        except CredentialsError as error:
            raise Unreachable(method, path, str(error), refused=True) from error
        except TimeoutError as error:
            raise Unreachable(method, path, f"no answer within {limit:g} s") from error

    async def _send(
        self,
        access: Access,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        stream: bool,
    ) -> aiohttp.ClientResponse:
        """Send once; return a granted answer, raise any other."""
        sending = self._connection.send(access, method, target, headers=headers, body=body, stream=stream)
        response = await (sending if self._observer is None else self._observed(self._observer, method, sending))
        if response.status < 300:
            return response
        path = target.partition("?")[0]
        async with response:
            raise error_from_response(method, path, await _refusal(method, path, response))

    async def _observed(
        self, observer: CallObserver, method: str, sending: Awaitable[aiohttp.ClientResponse]
    ) -> aiohttp.ClientResponse:
        began, status = monotonic(), 0
        try:
            response = await sending
            status = response.status
            return response
        finally:
            observer.answered(method, status, monotonic() - began)


async def _refusal(method: str, path: str, response: aiohttp.ClientResponse) -> Answer:
    body = await _read(method, path, response)
    content_type = response.headers.get("Content-Type", "")
    return Answer(response.status, body, content_type, seconds(response.headers.get("Retry-After", "")))


async def _read(method: str, path: str, response: aiohttp.ClientResponse) -> bytes:
    try:
        return await response.read()
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable(method, path, error) from error


def with_query(path: str, query: Query) -> str:
    """Append the query; surrogate escapes stand for bytes that are no UTF-8, as in a command to be executed."""
    return f"{path}?{urlencode(query, errors='surrogateescape')}" if query else path
