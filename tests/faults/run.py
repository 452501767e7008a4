"""One run against the provider: churn and faults, then calm, then the oracle's verdict."""

import asyncio
import time

from tests.faults.churn import Churn
from tests.faults.history_oracle import went_wrong
from tests.faults.oracle import violations
from tests.faults.ordeal import Options, Report, settle, strike_all, writes
from tests.faults.stage import Stage
from tests.faults.world import Violation

IGNORED = ("/leases/", "/nodes/", "/token")  # what the Node says of itself, too


async def run(stage: Stage, options: Options) -> Report:
    churn, striker, started = Churn(options.seed), stage.striker, time.monotonic()
    report = Report(options.seed, striker.struck, stage.tenant.done.verbs)
    over = asyncio.Event()

    async def pause() -> bool:
        await asyncio.sleep(1 / options.rate)
        return not over.is_set()

    async def look() -> list[Violation]:
        return violations(await stage.world(churn))

    async with asyncio.TaskGroup() as group:
        group.create_task(stage.tenant.live(churn, pause), name="tenant")
        await strike_all(striker, options)
        over.set()
    striker.jump(0.0)  # what it says from now on is compared with our own clock
    left, report.settled_after = await settle(look, striker.proxies, ignored=IGNORED)
    report.found = [*left, *_passed(stage)]
    report.seconds = time.monotonic() - started
    report.writes = writes(striker.proxies)
    return report


def _passed(stage: Stage) -> list[Violation]:
    done = stage.tenant.done
    return [
        *went_wrong(stage.history, taken=done.taken, forced=done.forced),
        *(Violation("crash", crash) for crash in stage.striker.daemon.crashes),
    ]
