"""The streams that are open: not more than a given number, and none when the server has stopped."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from aiohttp import web


class StreamKind(Enum):
    ATTACH = "attach"
    EXEC = "exec"
    LOGS = "logs"
    PORT_FORWARD = "portforward"
    RUN = "run"


class Refusal(Enum):
    """Why a stream was not begun, as far as it is the number of streams that decides."""

    LIMIT = "limit"
    STOPPING = "stopping"


class Traffic(Protocol):
    """What went through one stream, its own framing included."""

    @property
    def bytes_up(self) -> int:
        """From the client to the container."""

    @property
    def bytes_down(self) -> int: ...


@dataclass(slots=True)
class Counted:
    """Traffic of which somebody keeps count."""

    bytes_up: int = 0
    bytes_down: int = 0

    def add(self, traffic: Traffic) -> None:
        self.bytes_up += traffic.bytes_up
        self.bytes_down += traffic.bytes_down


@dataclass(eq=False, slots=True)
class Stream:
    """One that is open; whoever carries its bytes says where they are counted."""

    kind: StreamKind
    task: asyncio.Task[object]
    traffic: Traffic = field(default_factory=Counted)

    async def counted_down(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Count what goes to the client while it is passed on."""
        traffic = self.traffic = Counted()
        async for piece in pieces:
            traffic.bytes_down += len(piece)
            yield piece


class OpenStreams:
    """Knows the tasks that handle streams; a stream ends when its task is cancelled."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.opened: Counter[StreamKind] = Counter()
        self.refused: Counter[tuple[StreamKind, Refusal]] = Counter()
        self._ended = {kind: Counted() for kind in StreamKind}
        self._streams: set[Stream] = set()
        self._is_stopping = False
        self._all_ended = asyncio.Event()
        self._all_ended.set()

    def __len__(self) -> int:
        return len(self._streams)

    def count(self, kind: StreamKind) -> int:
        """How many of that kind are open."""
        return sum(stream.kind is kind for stream in self._streams)

    def traffic(self, kind: StreamKind) -> Traffic:
        """What went through all streams of that kind up to now, those that have ended included."""
        total = Counted()
        total.add(self._ended[kind])
        for stream in self._streams:
            if stream.kind is kind:
                total.add(stream.traffic)
        return total

    @contextmanager
    def one_more(self, kind: StreamKind) -> Iterator[Stream]:
        """Count the running task while inside; raises HTTPServiceUnavailable when there are too many."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can handle a stream")
        self._refuse_too_many(kind)
        stream = Stream(kind, task)
        self._streams.add(stream)
        self.opened[kind] += 1
        self._all_ended.clear()
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            self._ended[kind].add(stream.traffic)
            if not self._streams:
                self._all_ended.set()

    def _refuse_too_many(self, kind: StreamKind) -> None:
        if self._is_stopping:
            self.refused[kind, Refusal.STOPPING] += 1
            raise web.HTTPServiceUnavailable(text="this kubelet API is being stopped; try again")
        if len(self._streams) >= self.limit:
            self.refused[kind, Refusal.LIMIT] += 1
            text = f"{self.limit} streams are open, and no more are allowed; end some, or try again later"
            raise web.HTTPServiceUnavailable(text=text, headers={"Retry-After": "1"})

    async def drain(self, *, within: float) -> None:
        """Let no more begin, and wait until all have ended by themselves, but not for long."""
        self._is_stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._all_ended.wait()

    async def end_all(self) -> None:
        """Cancel all, and return when they have ended."""
        tasks = [stream.task for stream in self._streams]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
