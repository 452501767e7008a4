"""What metrics-server takes from a scrape."""

import pytest

from sandbox.metrics_server.points import Point, Scrape, read

NOW = 1000.0
TEXT = """\
# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="app",namespace="shop",pod="web"} 1.5 900000
container_memory_working_set_bytes{container="app",namespace="shop",pod="web"} 4096 900500
container_start_time_seconds{container="app",namespace="shop",pod="web"} 800.5
node_cpu_usage_seconds_total 2.5 900000
node_memory_working_set_bytes 8192 900000
pod_cpu_usage_seconds_total{namespace="shop",pod="web"} 1.5 900000
resource_scrape_error 0
"""


def test_nodes_and_containers_are_read_with_the_times_at_which_they_were_measured() -> None:
    web = Point(900.5, 1_500_000_000, 4096, 800.5)
    assert read(TEXT, now=NOW) == Scrape(Point(900.0, 2_500_000_000, 8192), {("shop", "web"): {"app": web}})


def test_what_bears_no_time_was_measured_now() -> None:
    node = read("node_cpu_usage_seconds_total 1\nnode_memory_working_set_bytes 1\n", now=NOW).node
    assert node is not None
    assert node.at == NOW


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param('container_memory_working_set_bytes{container="app"', id="no memory"),
        pytest.param('container_cpu_usage_seconds_total{container="app"', id="no processor time"),
    ],
)
def test_a_pod_with_a_container_that_is_not_whole_is_left_out(missing: str) -> None:
    side = TEXT.replace('"app"', '"side"') + TEXT
    text = "".join(line for line in side.splitlines(keepends=True) if not line.startswith(missing))
    assert read(text, now=NOW).pods == {}


def test_a_node_without_memory_is_left_out() -> None:
    assert read("node_cpu_usage_seconds_total 1 1\nnode_memory_working_set_bytes 0 1\n", now=NOW).node is None


def test_what_is_no_prometheus_text_is_refused() -> None:
    with pytest.raises(ValueError, match="no sample"):
        read("Forbidden (user=nobody)", now=NOW)
