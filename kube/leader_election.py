"""At most one of several processes leads: whoever holds a Lease.

    elector = LeaderElector(client, Key("shop-system", "shop"), process_identity())
    await elector.run(lead)         # `lead` runs while the lease is held, and is cancelled when it is lost

Promises:
- Whoever loses the lease has stopped before another can have it, provided that `lead` stops within
  `lease_duration - renew_deadline` of being cancelled; also when the API server cannot be reached.
- A process that was stopped or slept past its lease writes nothing any more through a client whose `may_write` is
  `is_leader`. (What had left for the API server by then may still arrive; that is what preconditions are for.)
- A clean end gives the lease back, and the next leader follows within `retry_period`. While `lead` winds down the
  lease is kept.
- A process that starts under the identity of one that is known to be dead goes on leading at once.
- No clock has to agree with another's.

The elector needs a client of its own, one that may always write; and the lease must not queue behind other calls.
"""

import asyncio
import random as chance
import socket
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

import structlog

from kube.clock import Clock, SystemClock
from kube.codec import Body
from kube.errors import AlreadyExists, ApiError, Conflict, NotFound
from kube.lease import Sighting, claimed, holding_of, released, seen
from kube.objects import Key, Object
from kube.resources import LEASES, Resource

log = structlog.get_logger()

_JITTER = 0.2  # the share of the retry period by which candidates come early, so that they do not all come at once
_NEVER = float("-inf")


class Leases(Protocol):
    """What an elector needs of the client."""

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object: ...

    async def create(self, resource: Resource, body: Body, namespace: str | None = None) -> Object: ...

    async def replace(self, resource: Resource, body: Body, namespace: str | None = None) -> Object: ...


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """In seconds. The holder gives up `lease_duration - renew_deadline` before others may take over."""

    lease_duration: int = 15
    renew_deadline: float = 10.0
    renew_period: float = 2.0  # between renewals that succeed; each is a write
    retry_period: float = 2.0  # between the attempts of those who do not have the lease, or cannot renew it
    clock: Clock = field(default_factory=SystemClock)
    random: Callable[[], float] = chance.random

    def __post_init__(self) -> None:
        longest = max(self.renew_period, self.retry_period)
        if not self.lease_duration > self.renew_deadline > longest or min(self.renew_period, self.retry_period) <= 0:
            raise ValueError(f"{self}: want lease_duration > renew_deadline > renew_period, retry_period > 0")


class _Claim(Enum):
    HELD = auto()
    OTHERS = auto()
    UNKNOWN = auto()


class LeaderElector:
    def __init__(
        self,
        client: Leases,
        lease: Key,
        identity: str,
        *,
        timing: LeaseTiming = LeaseTiming(),
    ) -> None:
        """`identity` must be this process's alone, among those that live: see `process_identity`."""
        self._client = client
        self._key = lease
        self._identity = identity
        self._clock = timing.clock
        self._timing = timing
        self._lease: Object | None = None  # as the server has it; None when that is not certain
        self._sighting: Sighting | None = None
        self._leads_until = _NEVER
        self._log = log.bind(lease=str(lease), identity=identity)

    def is_leader(self) -> bool:
        return self._clock.now() < self._leads_until

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Run `lead` whenever the lease is held, until it returns or raises by itself or this task is cancelled."""
        while True:
            await self._acquire()
            self._log.info("became leader")
            try:
                if await self._reign(lead):
                    return
                self._log.warning("lost the lease")
            finally:
                await self._release()

    async def _acquire(self) -> None:
        stands_by = False
        while (claim := await self._attempt(self._timing.renew_deadline)) is not _Claim.HELD:
            if claim is _Claim.OTHERS and not stands_by:
                stands_by = True
                self._log.info("standby: another process leads")
            await self._clock.sleep(self._timing.retry_period * (1 - _JITTER * self._timing.random()))

    async def _reign(self, lead: Callable[[], Awaitable[None]]) -> bool:
        """Return True when `lead` ended by itself, False when the lease was lost; either way it has stopped."""
        async with asyncio.TaskGroup() as group:
            try:
                async with asyncio.timeout(None) as term:
                    keeper = group.create_task(self._keep(term), name=f"keep lease {self._key}")
                    await lead()
            except TimeoutError:
                if not term.expired():
                    raise
            finally:
                keeper.cancel()
        return not term.expired()

    async def _keep(self, term: asyncio.Timeout) -> None:
        """Renew the lease until it is lost, and end the term then."""
        await self._renew()
        self._leads_until = _NEVER
        term.reschedule(asyncio.get_running_loop().time())
        await self._clock.sleep(self._timing.lease_duration - self._timing.renew_deadline)
        self._log.error("lost the lease and still has not stopped")

    async def _renew(self) -> None:
        """Renew again and again; return when somebody else has the lease or it could not be renewed in time."""
        pause = self._timing.renew_period
        while True:
            await self._clock.sleep(min(pause, self._leads_until - self._clock.now()))
            left = self._leads_until - self._clock.now()
            claim = await self._attempt(left) if left > 0 else _Claim.OTHERS
            if claim is _Claim.OTHERS:
                return
            pause = self._timing.renew_period if claim is _Claim.HELD else self._timing.retry_period

    async def _release(self) -> None:
        if not self.is_leader():
            return
        self._leads_until = _NEVER
        try:
            async with self._clock.timeout(self._timing.renew_period):
                lease = self._lease or await self._read()
                if lease is not None and holding_of(lease).holder_identity == self._identity:
                    await self._client.replace(LEASES, released(lease, self._clock.utcnow()), self._key.namespace)
        except (ApiError, TimeoutError) as error:
            self._log.warning("lease not released", error=str(error) or "no answer in time")
        finally:
            self._lease = None

    async def _attempt(self, limit: float) -> _Claim:
        """Take or renew the lease within `limit` seconds, and no more than half of what a holder has for it."""
        try:
            async with self._clock.timeout(min(limit, self._timing.renew_deadline / 2)):
                try:
                    return await self._claim()
                except (Conflict, AlreadyExists, NotFound):  # somebody was quicker: see who
                    return await self._claim()
        except (ApiError, TimeoutError) as error:
            self._log.warning("lease not reached", error=str(error) or "no answer in time")
            return _Claim.UNKNOWN

    async def _claim(self) -> _Claim:
        lease, self._lease = self._lease, None  # what it becomes is uncertain until the answer is here
        lease = lease or await self._read()
        if lease is not None and not self._may_take(lease):
            return _Claim.OTHERS
        # Before the request leaves: nobody can have seen the renewal earlier than that.
        began = self._clock.now()
        self._lease = await self._write(lease)
        self._leads_until = began + self._timing.renew_deadline
        self._sighting = None  # whoever comes next is given the full time again
        return _Claim.HELD

    def _may_take(self, lease: Object) -> bool:
        now, holding = self._clock.now(), holding_of(lease)
        self._sighting = seen(self._sighting, holding, now)
        return holding.holder_identity == self._identity or self._sighting.is_free(now, self._timing.lease_duration)

    async def _read(self) -> Object | None:
        try:
            return await self._client.get(LEASES, self._key.name, self._key.namespace)
        except NotFound:
            return None

    async def _write(self, lease: Object | None) -> Object:
        duration = self._timing.lease_duration
        body = claimed(lease, self._key, self._identity, duration=duration, now=self._clock.utcnow())
        write = self._client.create if lease is None else self._client.replace
        return await write(LEASES, body, self._key.namespace)


def process_identity() -> str:
    """Make up a name that no other process has, nor this one after a restart."""
    return f"{socket.gethostname()}_{uuid.uuid4()}"
