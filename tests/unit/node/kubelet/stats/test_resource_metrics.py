"""The format as two readers take it: prometheus-client's parser, and what metrics-server makes of a scrape."""

from datetime import datetime
from typing import Any

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from node.kubelet.stats import resource_metrics
from node.kubelet.stats.families import Families
from node.kubelet.stats.summary import Cpu, Memory, PodStats
from tests.unit.node.kubelet.stats.worlds import BEGAN, NOW, UID, container

STABLE = [
    "container_cpu_usage_seconds",
    "container_memory_working_set_bytes",
    "pod_cpu_usage_seconds",
    "pod_memory_working_set_bytes",
    "node_cpu_usage_seconds",
    "node_memory_working_set_bytes",
    "container_start_time_seconds",
    "resource_scrape_error",
]


def stats(*containers: dict[str, Any], name: str = "web") -> PodStats:
    whole = {"podRef": {"name": name, "namespace": "shop", "uid": UID}, "startTime": BEGAN, "containers": containers}
    total = {"cpu": container("")["cpu"], "memory": container("")["memory"]}
    return msgspec.json.decode(msgspec.json.encode({**whole, **total}), type=PodStats)


def text(*pods: PodStats, error: bool = False) -> str:
    families = Families()
    resource_metrics.declare(families)
    for pod in pods:
        resource_metrics.add_pod(families, pod)
    if pods:
        resource_metrics.add_node(families, Cpu(NOW, 5, 2_500_000_000), Memory(NOW, working_set_bytes=77))
    resource_metrics.add_error(families, is_one=error)
    return b"".join(families.text()).decode()


class MetricsServer:
    """What metrics-server (0.6 to 0.8) keeps of a scrape: a pod counts only if each container is complete."""

    def __init__(self, scraped: str) -> None:
        self.node: dict[str, tuple[float, float]] = {}
        self.containers: dict[tuple[str, str, str], dict[str, tuple[float, float]]] = {}
        for family in text_string_to_metric_families(scraped):
            for sample in family.samples:
                of, _, metric = sample.name.partition("_")
                value = (sample.value, float(sample.timestamp or 0))
                if of == "node":
                    self.node[metric] = value
                elif of == "container":
                    key = (sample.labels["namespace"], sample.labels["pod"], sample.labels["container"])
                    self.containers.setdefault(key, {})[metric] = value

    def pods(self) -> set[str]:
        needed = ("cpu_usage_seconds_total", "memory_working_set_bytes")
        broken = {
            pod for (_, pod, _), seen in self.containers.items() if not all(seen.get(name, (0,))[0] for name in needed)
        }
        return {pod for _, pod, _ in self.containers} - broken


def test_every_metric_of_a_kubelet_is_there_with_its_time() -> None:
    families = {family.name: family for family in text_string_to_metric_families(text(stats(container("app"))))}
    assert sorted(families) == sorted(STABLE)
    (used,) = families["container_cpu_usage_seconds"].samples
    assert used.name == "container_cpu_usage_seconds_total"
    assert used.labels == {"container": "app", "namespace": "shop", "pod": "web"}
    assert (used.value, used.timestamp) == (1.5, datetime.fromisoformat(NOW).timestamp())
    (began,) = families["container_start_time_seconds"].samples
    assert began.value == datetime.fromisoformat(BEGAN).timestamp()
    (node,) = families["node_cpu_usage_seconds"].samples
    assert (node.labels, node.value) == ({}, 2.5)


def test_metrics_server_understands_pods_and_the_node() -> None:
    seen = MetricsServer(text(stats(container("app"), container("side")), stats(container("db"), name="db")))
    assert seen.pods() == {"web", "db"}
    assert set(seen.node) == {"cpu_usage_seconds_total", "memory_working_set_bytes"}


def test_a_container_of_which_too_little_is_known_does_not_cost_its_pod() -> None:
    idle = container("idle", seconds=0)
    unknown = {"name": "unknown", "startTime": BEGAN}
    seen = MetricsServer(text(stats(container("app"), idle, unknown)))
    assert seen.pods() == {"web"}
    assert [name for _, _, name in seen.containers] == ["app"]


def test_where_nothing_is_known_that_is_told() -> None:
    told = text(error=True)
    assert [line for line in told.splitlines() if not line.startswith("#")] == ["resource_scrape_error 1"]
