"""The provider killed more than thirty times while pods and all that is reflected come, change and go."""

from pathlib import Path

import pytest

from sandbox.session import Session
from tests.faults.ordeal import Options
from tests.faults.run import run
from tests.faults.stage import stage

KILLS = 30
SEED = 7
SECONDS = 400.0  # by far more than it takes, unless the machine is very busy


@pytest.mark.timeout(900)
async def test_a_provider_that_is_killed_at_any_moment_leaves_both_sides_true(
    sandbox_session: Session, tmp_path: Path
) -> None:
    async with stage(sandbox_session, tmp_path) as prepared:
        report = await run(prepared, Options(SEED, KILLS, SECONDS))
    assert report.found == [], "\n".join(report.lines())
    assert report.kills >= KILLS
