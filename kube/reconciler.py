"""The loop that brings the world in line, one key at a time.

`reconcile(key)` ends in one of three ways: it returns (done; `RequeueAfter` if it wants to look again), it raises
(retried with back-off, for ever), or it raises `Refused` (not retried: only a change of the object can help).

Promises: no key has two reconciles at once; none runs longer than its time-out; what one raises, or an observer does,
disturbs no other; a key whose reconcile was interrupted is back in the queue; when `run` has ended, so has every
reconcile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from kube.errors import ApiError
from kube.work_queue import WorkQueue

K = TypeVar("K", bound=Hashable)

log = structlog.get_logger()


class Refused(Exception):  # noqa: N818 - a verdict, not an accident
    """This object cannot be honoured as it is; the message tells its owner what to change."""


@dataclass(frozen=True, slots=True)
class RequeueAfter:
    """Done for now; look again in so many seconds."""

    seconds: float


Reconcile = Callable[[K], Awaitable[RequeueAfter | None]]


@dataclass(frozen=True, slots=True)
class Limits:
    workers: int = 8
    timeout: float = 60.0  # seconds that one reconcile may take
    # Seconds that running ones have to finish when `run` is cancelled. Less than what is left of a lease when its
    # holder has to stop (leader_election.py): 15 s less 10 s.
    drain: float = 3.0


@dataclass(frozen=True, slots=True)
class Outcome(Generic[K]):
    """How one reconcile ended, for whoever counts it or tells the object's owner."""

    key: K
    waited: float  # seconds in the queue
    took: float
    error: Exception | None = None
    failures: int = 0  # in a row, with this one
    retry_in: float | None = None


class Reconciler(Generic[K]):
    def __init__(
        self,
        name: str,
        queue: WorkQueue[K],
        reconcile: Reconcile[K],
        *,
        limits: Limits = Limits(),
        observers: Sequence[Callable[[Outcome[K]], None]] = (),
    ) -> None:
        self.name = name
        self._queue = queue
        self._reconcile = reconcile
        self._limits = limits
        self._observers = observers
        queue.rest()
        self._log = log.bind(reconciler=name)

    async def run(self) -> None:
        """Reconcile until cancelled, then let what runs finish within `limits.drain`. Can be run again afterwards."""
        self._queue.begin()
        slots = asyncio.Semaphore(self._limits.workers)
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            try:
                while True:
                    await slots.acquire()
                    key = await self._queue.get()
                    task = group.create_task(self._work_on(key), name=f"{self.name} {key}")
                    running.add(task)
                    task.add_done_callback(running.discard)
                    task.add_done_callback(lambda _: slots.release())
            except asyncio.CancelledError:
                await self._drain(running)
                raise
            finally:
                self._queue.rest()

    async def _drain(self, running: set[asyncio.Task[None]]) -> None:
        if not running:
            return
        with suppress(TimeoutError):
            async with self._queue.clock.timeout(self._limits.drain):
                await asyncio.wait(running)

    async def _work_on(self, key: K) -> None:
        try:
            outcome = await self._outcome(key)
        except asyncio.CancelledError:
            self._queue.add(key)
            raise
        finally:
            self._queue.done(key)
        self._report(outcome)

    async def _outcome(self, key: K) -> Outcome[K]:
        waited, started = self._queue.waited(key), self._queue.clock.now()
        error = await self._failure(key)
        took = self._queue.clock.now() - started
        if error is None or isinstance(error, Refused):
            self._queue.forget(key)
            return Outcome(key, waited, took, error)
        retry_in = self._queue.retry(key)
        return Outcome(key, waited, took, error, self._queue.failures(key), retry_in)

    async def _failure(self, key: K) -> Exception | None:
        """Reconcile once; what was raised, or None."""
        try:
            async with self._queue.clock.timeout(self._limits.timeout) as limit:
                result = await self._reconcile(key)
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            return RuntimeError("what it waited for was cancelled")
        except Exception as error:  # noqa: BLE001 - whatever it is, this key is tried again and the others go on
            if isinstance(error, TimeoutError) and limit.expired():
                return TimeoutError(f"not done after {self._limits.timeout:g} s")
            return error
        if result is not None:
            self._queue.add_after(key, result.seconds)
        return None

    def _report(self, outcome: Outcome[K]) -> None:
        self._log_failure(outcome)
        for observer in self._observers:
            try:
                observer(outcome)
            except Exception:  # noqa: BLE001 - telling must not stop doing
                self._log.exception("observer failed", key=str(outcome.key))

    def _log_failure(self, outcome: Outcome[K]) -> None:
        error = outcome.error
        if error is None:
            return
        about = self._log.bind(key=str(outcome.key), error=str(error), took=round(outcome.took, 3))
        if isinstance(error, Refused):
            about.info("reconcile refused")
            return
        # Where an expected error came from is clear from its text; anything else is a fault in the code.
        fault = None if isinstance(error, ApiError | TimeoutError) else error
        about.warning("reconcile failed", failures=outcome.failures, retry_in=outcome.retry_in, exc_info=fault)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
