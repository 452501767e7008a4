from typing import Any

import msgspec
import pytest

from node.kubelet.stats.counters import Integrals
from node.kubelet.stats.metrics_api import PodMetricsList, of_tenant
from node.kubelet.stats.summary import PodStats
from tests.unit.node.kubelet.stats.worlds import BEGAN, NOW, WEB

LATER = "2026-01-31T12:11:00Z"


def item(*, timestamp: str = NOW, cpu: str = "250m", name: str = WEB.host.name) -> dict[str, Any]:
    def container(name: str) -> dict[str, Any]:
        return {"name": name, "usage": {"cpu": cpu, "memory": "64Mi"}}

    metadata = {"name": name, "namespace": WEB.host.namespace}
    containers = [container("app"), container("istio-proxy")]
    return {"metadata": metadata, "timestamp": timestamp, "window": "30s", "containers": containers}


def told(*items: dict[str, Any], integrals: Integrals | None = None) -> list[PodStats]:
    metrics = msgspec.json.decode(msgspec.json.encode({"items": items}), type=PodMetricsList)
    return list(of_tenant(metrics, [WEB], integrals or Integrals()))


def test_a_rate_and_its_integral_are_told_of_the_tenants_containers() -> None:
    integrals = Integrals()
    (first,) = told(item(), integrals=integrals)
    (second,) = told(item(timestamp=LATER, cpu="1"), integrals=integrals)
    assert first.pod_ref == WEB.reference
    for stats, rate, used in ((first, 250_000_000, 7.5), (second, 10**9, 67.5)):
        assert stats.containers is not None
        (app,) = stats.containers
        assert app.name == "app"
        assert app.start_time == BEGAN
        assert app.cpu is not None
        assert app.memory is not None
        assert (app.cpu.usage_nano_cores, app.cpu.usage_core_nano_seconds) == (rate, used * 1e9)
        assert app.memory.working_set_bytes == 64 << 20
        assert stats.cpu == app.cpu


@pytest.mark.parametrize(
    "unusable",
    [
        pytest.param(item(name="of-another-tenant"), id="another's pod"),
        pytest.param(item(timestamp="2026-01-31T11:59:59Z"), id="the pod that had the name before"),
        pytest.param(item(timestamp=""), id="no time"),
    ],
)
def test_what_is_about_another_pod_is_left_out(unusable: dict[str, Any]) -> None:
    assert told(unusable) == []


def test_a_container_that_cannot_be_read_is_left_out() -> None:
    (stats,) = told(item(cpu="much"))
    assert (stats.containers, stats.cpu) == ([], None)
