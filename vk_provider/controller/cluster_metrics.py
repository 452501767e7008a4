"""How the Clusters are, as Prometheus is told: by whoever leads, for nobody else looks at them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from vk_provider.controller.progress import Phase
from vk_provider.controller.watched import Watched


class ClusterMetrics(Collector):
    def __init__(self) -> None:
        self._clusters: Watched | None = None

    @contextmanager
    def following(self, clusters: Watched) -> Iterator[None]:
        """Tell of these while inside."""
        self._clusters = clusters
        try:
            yield
        finally:
            self._clusters = None

    def collect(self) -> Iterable[GaugeMetricFamily]:
        # Not `namespace`: that is where Prometheus found us.
        names = ["cluster_namespace", "cluster"]
        ready = GaugeMetricFamily("vkp_cluster_ready", "1 if the Cluster is Ready", labels=names)
        counted = GaugeMetricFamily("vkp_clusters", "Clusters by phase", labels=["phase"])
        if self._clusters is None:
            return ready, counted
        phases: Counter[str] = Counter()
        for cluster in self._clusters.values():
            status: Mapping[str, Any] = cluster.decode("status") or {}
            ready.add_metric([cluster.namespace, cluster.name], is_ready(status))
            phases[status.get("phase") or Phase.PENDING] += 1
        for phase in Phase:
            counted.add_metric([phase], phases[phase])
        return ready, counted


def is_ready(status: Mapping[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions") or ())
