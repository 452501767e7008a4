"""One run: churn and faults until there were enough kills, then calm, then the oracle's verdict."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.churn import Churn
from tests.faults.history_oracle import went_wrong
from tests.faults.oracle import violations
from tests.faults.plan import Fault, Side, strikes
from tests.faults.stage import Stage
from tests.faults.striking import READS
from tests.faults.world import Violation

SETTLE_SECONDS = 90.0
QUIET_SECONDS = 3.0


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
        return self.struck[Fault.KILL] + self.struck[Fault.KILL_AT_WRITE]

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


async def run(stage: Stage, options: Options) -> Report:
    churn, striker, started = Churn(options.seed), stage.striker, time.monotonic()
    over = asyncio.Event()

    async def pause() -> bool:
        await asyncio.sleep(1 / options.rate)
        return not over.is_set()

    async with asyncio.TaskGroup() as group:
        group.create_task(stage.tenant.live(churn, pause), name="tenant")
        for strike in strikes(options.seed):
            if striker.kills >= options.kills or time.monotonic() > started + options.seconds:
                break
            await striker.strike(strike)
        over.set()
    striker.jump(0.0)  # what it says from now on is compared with our own clock
    calm = time.monotonic()
    left = await _settle(stage, churn)
    report = Report(options.seed, striker.struck, stage.tenant.done.verbs)
    report.settled_after = time.monotonic() - calm
    report.found = [*left, *await _still_writing(stage), *_passed(stage)]
    report.seconds = time.monotonic() - started
    for side, proxy in striker.proxies.items():
        report.writes.update((side, request.method) for request in proxy.requests if request.method not in READS)
    return report


async def _settle(stage: Stage, churn: Churn) -> list[Violation]:
    """Wait until the oracle has nothing to say; what it says at the limit."""
    limit = time.monotonic() + SETTLE_SECONDS
    while True:
        found = violations(await stage.world(churn))
        if not found or time.monotonic() > limit:
            return found
        await asyncio.sleep(0.5)


async def _still_writing(stage: Stage) -> list[Violation]:
    """Nothing is written when nothing changes, but Leases and what the Node says of itself."""
    before = {side: len(proxy.requests) for side, proxy in stage.striker.proxies.items()}
    await asyncio.sleep(QUIET_SECONDS)
    return [
        Violation("unrest", f"{request.method} {request.target} to the {side} API server, although all agrees")
        for side, proxy in stage.striker.proxies.items()
        for request in proxy.requests[before[side] :]
        if request.method not in READS and not any(part in request.target for part in ("/leases/", "/nodes/", "/token"))
    ]


def _passed(stage: Stage) -> list[Violation]:
    done = stage.tenant.done
    return [
        *went_wrong(stage.history, taken=done.taken, forced=done.forced),
        *(Violation("crash", crash) for crash in stage.striker.daemon.crashes),
    ]
