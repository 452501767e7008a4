"""The controller killed again and again while Clusters come, change and go."""

from pathlib import Path

import pytest

from sandbox.session import Session
from tests.faults.cluster_run import cluster_stage, run_clusters
from tests.faults.ordeal import Options

KILLS = 8
SEED = 7
SECONDS = 200.0


@pytest.mark.timeout(600)
async def test_a_controller_that_is_killed_at_any_moment_leaves_no_cluster_half_made_or_half_gone(
    sandbox_session: Session, tmp_path: Path
) -> None:
    async with cluster_stage(sandbox_session, tmp_path) as prepared:
        report = await run_clusters(prepared, Options(SEED, KILLS, SECONDS))
    assert report.found == [], "\n".join(report.lines())
