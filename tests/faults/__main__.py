"""The long run: `python -m tests.faults`. Exits with 1 if anything is violated."""

import argparse
import asyncio
import random
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.session import Session, session
from tests.cluster_fixtures import FOLDER
from tests.faults.cluster_run import cluster_stage, run_clusters
from tests.faults.ordeal import Options, Report
from tests.faults.run import run
from tests.faults.stage import stage
from vk_provider.logs import LogFormat, LogLevel, configure_logs


def main() -> int:
    given = _arguments()
    configure_logs(LogFormat.CONSOLE, LogLevel.ERROR)  # of the informers in here; the daemons have their own
    options = Options(given.seed, given.kills, given.seconds)
    _say(f"seed {given.seed}, {given.kills} kills of the provider and {given.controller_kills} of the controller")
    found = 0
    with session(FOLDER) as sandbox:
        if given.kills:
            found += asyncio.run(_provider(sandbox, options))
        if given.controller_kills:
            found += asyncio.run(_controller(sandbox, replace(options, kills=given.controller_kills)))
    return 1 if found else 0


async def _provider(sandbox: Session, options: Options) -> int:
    with TemporaryDirectory() as name:
        async with stage(sandbox, Path(name)) as prepared:
            return _told("provider", await run(prepared, options))


async def _controller(sandbox: Session, options: Options) -> int:
    with TemporaryDirectory() as name:
        async with cluster_stage(sandbox, Path(name)) as prepared:
            return _told("controller", await run_clusters(prepared, options))


def _told(what: str, report: Report) -> int:
    _say(f"== {what}")
    for line in report.lines():
        _say(line)
    return len(report.found)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - that is what it is for


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Kill both daemons, again and again.")
    parser.add_argument("--kills", type=int, default=500, help="of the provider (default: 500)")
    parser.add_argument("--controller-kills", type=int, default=60, help="of the controller (default: 60)")
    parser.add_argument("--seconds", type=float, default=5400.0, help="each: strike no more then (default: 5400)")
    parser.add_argument("--seed", type=int, help="repeat a run (default: another one each time)")
    given = parser.parse_args()
    if given.seed is None:
        given.seed = random.SystemRandom().randrange(10**6)
    return given


if __name__ == "__main__":
    sys.exit(main())
