"""One Lease as an API server keeps it, and the way there of one process: slow, cut or silent."""

import asyncio
from collections.abc import Callable
from typing import Any

from kube.codec import Body, decode_object, encode
from kube.errors import AlreadyExists, Answer, ApiError, Conflict, NotFound, Unreachable
from kube.objects import Key, Object, Status
from kube.resources import Resource
from tests.virtual_clock import VirtualClock

KEY = Key("shop", "leader")


class LeaseServer:
    """Holds one Lease the way an API server does: a write needs the newest resourceVersion."""

    def __init__(self) -> None:
        self.lease: Object | None = None
        self.writes = 0

    def read(self) -> Object:
        if self.lease is None:
            raise _error(NotFound)
        return self.lease

    def create(self, body: Body) -> Object:
        if self.lease is not None:
            raise _error(AlreadyExists)
        return self._store(body)

    def replace(self, body: Body) -> Object:
        if decode_object(encode(body)).resource_version != self.read().resource_version:
            raise _error(Conflict)
        return self._store(body)

    def edit(self, **spec: Any) -> None:
        body = self.read().to_dict()
        body["spec"] |= spec
        self._store(body)

    def _store(self, body: Body) -> Object:
        self.writes += 1
        stored = decode_object(encode(body)).to_dict()
        stored["metadata"]["resourceVersion"] = str(self.writes)
        self.lease = decode_object(encode(stored))
        return self.lease


def _error(kind: type[ApiError]) -> ApiError:
    return kind("PUT", "/lease", Answer(409), Status(reason=kind.__name__))


class Wire:
    """One process's way to the server: each request and each answer takes a while, unless it is cut or silent."""

    def __init__(self, server: LeaseServer, clock: VirtualClock) -> None:
        self._server = server
        self._clock = clock
        self.state = "up"

    async def get(self, _resource: Resource, _name: str, _namespace: str | None = None) -> Object:
        return await self._call(self._server.read)

    async def create(self, _resource: Resource, body: Body, _namespace: str | None = None) -> Object:
        return await self._call(lambda: self._server.create(body))

    async def replace(self, _resource: Resource, body: Body, _namespace: str | None = None) -> Object:
        return await self._call(lambda: self._server.replace(body))

    async def _call(self, act: Callable[[], Object]) -> Object:
        await self._travel()
        answer = act()
        await self._travel()
        return answer

    async def _travel(self) -> None:
        await self._clock.sleep(0.01)
        if self.state == "cut":
            raise Unreachable("GET", "/lease", "cut")
        if self.state == "silent":
            await asyncio.Event().wait()
