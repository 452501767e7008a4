"""What a run against the provider and one against the controller share: faults up to enough kills, calm, a report."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from sandbox.session import ApiServer, Session
from tests.faults.plan import Fault, Side, kills_in, strikes
from tests.faults.striking import READS, Striker
from tests.faults.world import Violation
from tests.faulty_proxy import FaultyProxy, Request

SETTLE_SECONDS = 90.0
QUIET_SECONDS = 10.0

Look = Callable[[], Awaitable[list[Violation]]]
Proxies = Mapping[Side, FaultyProxy]


@dataclass(frozen=True, slots=True)
class Options:
    seed: int
    kills: int
    seconds: float  # after which faults cease, however many kills there were
    rate: float = 12.0  # actions of the tenant in a second


@dataclass
class Report:
    seed: int
    struck: Counter[Fault] = field(default_factory=Counter)
    verbs: Counter[tuple[str, str]] = field(default_factory=Counter)
    writes: Counter[tuple[Side, str]] = field(default_factory=Counter)
    found: list[Violation] = field(default_factory=list)
    settled_after: float = 0.0
    seconds: float = 0.0

    @property
    def kills(self) -> int:
        return kills_in(self.struck)

    def lines(self) -> list[str]:
        """What is printed."""
        return [
            f"seed {self.seed}: {self.kills} kills in {self.seconds:.0f} s, then settled in {self.settled_after:.1f} s",
            *(f"  fault   {count:6} {fault}" for fault, count in sorted(self.struck.items())),
            *(f"  tenant  {count:6} {kind}: {verb}" for (kind, verb), count in sorted(self.verbs.items())),
            *(
                f"  writes  {count:6} {method} to the {side} API server"
                for (side, method), count in sorted(self.writes.items())
            ),
            *(f"  VIOLATION {violation}" for violation in self.found),
            f"  {len(self.found)} violations; repeat with: python -m tests.faults --seed {self.seed}",
        ]


@asynccontextmanager
async def servers(session: Session, *names: str) -> AsyncIterator[list[ApiServer]]:
    """Empty API servers with controllers, which are gone afterwards: a second run finds nothing of the first."""
    async with AsyncExitStack() as stack:
        started = []
        for name in names:
            server = await asyncio.to_thread(session.api_server, name, controllers=True)
            stack.push_async_callback(asyncio.to_thread, server.remove)
            started.append(server)
        yield started


async def strike_all(striker: Striker, options: Options, *, spared: Sequence[Fault] = ()) -> None:
    """Strike until there were enough kills, or it took too long."""
    limit = time.monotonic() + options.seconds
    for strike in strikes(options.seed):
        if striker.kills >= options.kills or time.monotonic() > limit:
            return
        if strike.fault not in spared:
            await striker.strike(strike)


async def settle(look: Look, proxies: Proxies, *, ignored: Sequence[str]) -> tuple[list[Violation], float]:
    """Wait until the oracle has nothing to say and nobody writes any more: what is left at the limit, and the seconds.

    What is written forever, as Leases are, is `ignored`, by a part of its path.
    """
    began = changed = time.monotonic()
    written: list[Request] = []
    news: list[Request] = []
    while True:
        found, known = await look(), len(written)
        written = [each for each in _written(proxies.values()) if not any(part in each.target for part in ignored)]
        now = time.monotonic()
        if found or len(written) > known:
            changed, news = now, written[known:]
        if now > changed + QUIET_SECONDS:
            return [], changed - began
        if now > began + SETTLE_SECONDS:
            return found or [_unrest(request) for request in news], now - began
        await asyncio.sleep(0.5)


def writes(proxies: Proxies) -> Counter[tuple[Side, str]]:
    """How many requests of each method changed something on each side."""
    return Counter((side, each.method) for side, proxy in proxies.items() for each in _written([proxy]))


def _written(proxies: Iterable[FaultyProxy]) -> list[Request]:
    return [each for proxy in proxies for each in proxy.requests if each.method not in READS]


def _unrest(request: Request) -> Violation:
    return Violation("unrest", f"{request.method} {request.target}, although all agrees")
