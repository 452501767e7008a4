from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from vk_provider.controller.cluster_metrics import ClusterMetrics, is_ready


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        pytest.param({}, False, id="nothing said yet"),
        pytest.param({"conditions": None}, False, id="null"),
        pytest.param({"conditions": [{"type": "Ready", "status": "True"}]}, True, id="ready"),
        pytest.param({"conditions": [{"type": "Ready", "status": "False"}]}, False, id="not ready"),
        pytest.param({"conditions": [{"type": "Accepted", "status": "True"}]}, False, id="only accepted"),
    ],
)
def test_a_cluster_is_ready_when_it_says_so(status: dict[str, Any], ready: bool) -> None:
    assert is_ready(status) is ready


def test_who_does_not_lead_tells_of_no_cluster() -> None:
    registry = CollectorRegistry()
    registry.register(ClusterMetrics())
    assert not [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
