"""The Kubernetes API as a program wants it: verbs on resources, objects in, objects out.

    async with Client(await load_kubeconfig(path), user_agent="shop/1.0", field_manager="shop") as client:
        pod = await client.get(PODS, "web", "default")

Every call has a deadline (`timeout`; `asyncio.timeout` shortens it), is repeated where that is safe (see `retries`),
and raises an `ApiError`. A body is a dict, an `Object`, or JSON; namespace and name are taken from it if not given.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from enum import StrEnum
from types import TracebackType
from typing import Self, TypeVar

from kube.calls import JSON_PATCH, CallObserver, Calls, Query
from kube.codec import (
    Body,
    DecodeError,
    Listing,
    WatchEvent,
    decode_event,
    decode_list,
    decode_object,
    encode,
)
from kube.connection import Credentials
from kube.errors import Answer, Gone, Unreachable, error_from_status
from kube.lines import LineSplitter
from kube.objects import Metadata, Object
from kube.resources import Resource
from kube.streams import Stream
from kube.upgrade import Headers, Upgraded

T = TypeVar("T")
PAGE = 250  # objects: what a list costs in round trips and what it keeps the event loop from doing are in balance
_NOTHING: Mapping[str, str] = {}


class PatchType(StrEnum):
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    JSON = JSON_PATCH
    APPLY = "application/apply-patch+yaml"  # JSON is YAML


class Propagation(StrEnum):
    """What becomes of the objects that a deleted one owns."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


class Client:
    def __init__(
        self,
        credentials: Credentials,
        *,
        user_agent: str,
        field_manager: str,
        timeout: float = 30.0,
        observer: CallObserver | None = None,
        may_write: Callable[[], bool] | None = None,
    ) -> None:
        """`may_write` is asked before each write leaves; if it says no, that raises Fenced instead (see `fence`)."""
        self.field_manager = field_manager
        self._calls = Calls(
            credentials,
            user_agent=user_agent,
            timeout=timeout,
            observer=observer,
            may_write=may_write,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Cut what runs and close every connection, except those that were upgraded: these belong to their owners."""
        await self._calls.close()

    async def get(
        self, resource: Resource, name: str, namespace: str | None = None, *, subresource: str | None = None
    ) -> Object:
        return await self.read(resource.path(namespace, name, subresource))

    async def read(self, path: str) -> Object:
        """Get what is at a percent-encoded path. Raises Unreachable where no API server can have answered."""
        return _decoded(decode_object, "GET", path, await self._calls.request("GET", path))

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        limit: int = PAGE,
    ) -> Listing:
        """Return all objects as they were at one moment, read in pages of `limit`.

        A `resource_version` of "" asks for the newest state, "0" for whatever the server has at hand.
        """
        selected = {"label_selector": label_selector, "field_selector": field_selector}
        try:
            return await _joined(
                self.pages(resource, namespace, **selected, resource_version=resource_version, limit=limit)
            )
        except Gone:
            # The server forgot the moment while we read. In one piece it cannot: as client-go does.
            return await _joined(self.pages(resource, namespace, **selected, limit=0))

    async def pages(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        limit: int = PAGE,
    ) -> AsyncGenerator[Listing, None]:
        """Yield the list page by page, all of one moment; raises Gone when the server has forgotten that moment."""
        path = resource.path(namespace)
        fixed = _query(labelSelector=label_selector, fieldSelector=field_selector, limit=str(limit or ""))
        position = _query(resourceVersion=resource_version)
        while True:
            data = await self._calls.request("GET", path, query=[*fixed, *position])
            page = _decoded(decode_list, "GET", path, data)
            yield page
            if not page.continue_token:
                return
            position = [("continue", page.continue_token)]

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
        send_initial_events: bool = False,
        timeout_seconds: int | None = None,
        silence: float = 75.0,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield what happens after `resource_version`, bookmarks included, until the server ends it or it is cut.

        A server that sends no byte for `silence` seconds counts as gone: bookmarks come each minute. Raises the
        ApiError that the server answers or sends as an ERROR event, and DecodeError on a line that is no event (a
        watch that was resumed would meet it again: list instead). Who may leave early closes it:
        `async with aclosing(client.watch(...)) as events`.
        """
        path = resource.path(namespace)
        query = _query(
            watch="true",
            allowWatchBookmarks="true",
            resourceVersion=resource_version,
            labelSelector=label_selector,
            fieldSelector=field_selector,
            timeoutSeconds=str(timeout_seconds or ""),
            sendInitialEvents="true" if send_initial_events else "",
            resourceVersionMatch="NotOlderThan" if send_initial_events else "",
        )
        splitter = LineSplitter()
        async with self._calls.stream("GET", path, query=query) as stream:
            with suppress(Unreachable):  # a watch may end at any byte, and whoever watches resumes it
                async with aclosing(stream.chunks(silence=silence)) as chunks:
                    async for chunk in chunks:
                        for line in splitter.feed(chunk):
                            yield _event(path, line)

    async def create(
        self,
        resource: Resource,
        body: Body,
        namespace: str | None = None,
        *,
        subresource: str | None = None,
        name: str | None = None,
    ) -> Object:
        """Create an object, or with `subresource` and `name` what is asked of one: a token, an eviction."""
        data = encode(body)
        namespace = namespace or _metadata(body, data).namespace or None
        return await self._write("POST", resource.path(namespace, name, subresource), data)

    async def replace(
        self, resource: Resource, body: Body, namespace: str | None = None, *, subresource: str | None = None
    ) -> Object:
        """Replace the object that the body names; raises Conflict if the body's resourceVersion is not the newest."""
        data = encode(body)
        metadata = _metadata(body, data)
        path = resource.path(namespace or metadata.namespace or None, metadata.name, subresource)
        return await self._write("PUT", path, data)

    async def patch(
        self,
        resource: Resource,
        name: str,
        body: Body,
        namespace: str | None = None,
        *,
        patch_type: PatchType,
        subresource: str | None = None,
    ) -> Object:
        path = resource.path(namespace, name, subresource)
        return await self._write("PATCH", path, encode(body), content_type=patch_type)

    async def apply(
        self, resource: Resource, body: Body, *, subresource: str | None = None, force: bool = False
    ) -> Object:
        """Make the object have the body's fields, as this client's field manager; raises Conflict if they are others'.

        `force` takes them over instead.
        """
        data = encode(body)
        metadata = _metadata(body, data)
        path = resource.path(metadata.namespace or None, metadata.name, subresource)
        query = _query(force="true" if force else "")
        return await self._write("PATCH", path, data, content_type=PatchType.APPLY, query=query)

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        grace_period_seconds: int | None = None,
        propagation: Propagation | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Delete the object; raises Conflict when it has another uid or resourceVersion than the one given."""
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        options = {
            "gracePeriodSeconds": grace_period_seconds,
            "propagationPolicy": propagation,
            "preconditions": {key: value for key, value in preconditions.items() if value is not None} or None,
        }
        body = {key: value for key, value in options.items() if value is not None}
        await self.request("DELETE", resource.path(namespace, name), body=encode(body) if body else None)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] = _NOTHING,
        body: bytes | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as in Calls.request
    ) -> bytes:
        """Send anything to a percent-encoded path and return the answer's body."""
        if body is not None and "Content-Type" not in headers:
            headers = {**headers, "Content-Type": "application/json"}
        return await self._calls.request(method, path, query=query, headers=headers, body=body, timeout=timeout)

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        timeout: float | None = None,
    ) -> AbstractAsyncContextManager[Stream]:
        """Open an answer to be read while it arrives: `async with client.stream("GET", path) as stream`.

        `timeout` bounds the wait for its head; where that comes with the first byte only, as with logs, math.inf does.
        """
        return self._calls.stream(method, path, query=query, timeout=timeout)

    async def upgrade(self, method: str, path: str, *, query: Query = (), headers: Headers) -> Upgraded:
        """Switch protocols (exec, attach, port-forward) and get the transport; raises ApiError if it is refused."""
        return await self._calls.upgrade(method, path, query=query, headers=headers)

    async def _write(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        content_type: str = "application/json",
        query: Query = (),
    ) -> Object:
        data = await self._calls.request(
            method,
            path,
            query=[*query, ("fieldManager", self.field_manager)],
            headers={"Content-Type": content_type},
            body=body,
        )
        return _decoded(decode_object, method, path, data)


def _query(**parameters: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in parameters.items() if value]


async def _joined(pages: AsyncIterator[Listing]) -> Listing:
    objects: list[Object] = []
    resource_version = ""
    async for page in pages:
        objects += page.objects
        resource_version = page.resource_version
    return Listing(objects, resource_version)


def _decoded(decode: Callable[[bytes], T], method: str, path: str, data: bytes) -> T:
    try:
        return decode(data)
    except DecodeError as error:
        raise Unreachable(method, path, str(error)) from error


def _event(path: str, line: bytes | memoryview) -> WatchEvent:
    event = decode_event(line)
    if event.status is None:
        return event
    raise error_from_status("GET", path, Answer(event.status.code, bytes(line)), event.status)


def _metadata(body: Body, encoded: bytes) -> Metadata:
    return body.metadata if isinstance(body, Object) else decode_object(encoded).metadata
