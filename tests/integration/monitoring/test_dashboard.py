"""Whatever the dashboard and the alerts ask for, our daemons tell, and Prometheus understands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.session import Session
from tests.integration.monitoring.prometheus import Prometheus, prometheus
from tests.integration.monitoring.scraped import scraped
from tests.virtual_cluster import VirtualCluster
from vk_provider.install.alerts import GROUPS
from vk_provider.install.dashboard import WIDTH, dashboard

BY_PROMETHEUS = {"up"}
# What Grafana puts in their place.
VARIABLES = {"$__rate_interval": "1m", "$namespace": ".*", "$cluster": ".*"}
NO_METRICS = re.compile(r"\{[^}]*\}|\[[^]]*\]|\"[^\"]*\"|\b(?:by|on|without)\s*\([^)]*\)")
WORD = re.compile(r"[a-z_][a-z0-9_]*\b(?!\s*\()")
OPERATORS = {"and", "or", "unless"}


def metrics_of(expression: str) -> set[str]:
    return set(WORD.findall(NO_METRICS.sub("", expression))) - OPERATORS


def chosen(expression: str) -> str:
    """The query as Grafana sends it."""
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard_queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def alert_queries() -> list[str]:
    return [alert.expr for alerts in GROUPS.values() for alert in alerts]


@pytest.fixture
def watcher(sandbox_session: Session, tmp_path: Path) -> Iterator[Prometheus]:
    folder = tmp_path / "prometheus"
    folder.mkdir()
    with prometheus(sandbox_session.binaries.tool("prometheus"), folder, []) as running:
        yield running


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ("up", {"up"}),
        ('sum by (name) (rate(a_total{x="y"}[5m])) > 0.5', {"a_total"}),
        ("histogram_quantile(0.9, sum by (le, kind) (rate(b_bucket[5m]))) / max(c) and d", {"b_bucket", "c", "d"}),
        ("e - time() < 7 * 24 * 3600", {"e"}),
    ],
)
def test_metrics_are_found_in_an_expression(expression: str, metrics: set[str]) -> None:
    assert metrics_of(expression) == metrics


async def test_all_that_is_asked_for_is_told(provider: VirtualCluster, controller: int) -> None:
    told = set(BY_PROMETHEUS)
    for port in (provider.health_port, controller):
        for family in text_string_to_metric_families(await scraped(port)):
            told |= {family.name, *(f"{family.name}_{part}" for part in ("total", "bucket", "count", "sum"))}
    for expression in dashboard_queries() + alert_queries():
        assert metrics_of(expression) <= told, expression


async def test_prometheus_understands_every_query_of_the_dashboard(watcher: Prometheus) -> None:
    for expression in map(chosen, dashboard_queries()):
        assert "$" not in expression
        assert await watcher.query(expression) == []


def test_no_two_panels_share_a_place_or_a_number() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard()["panels"]]
    numbers = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(places)) == len(places) == len(set(numbers))
    assert all(panel["gridPos"]["x"] + WIDTH <= 24 for panel in panels())
