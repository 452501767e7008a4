"""How much the kubelet API has to carry, read from those who carry it when Prometheus asks."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from node.kubelet.open_streams import OpenStreams, Refusal, StreamKind
from node.kubelet.visits import Visits

Metric = CounterMetricFamily | GaugeMetricFamily


class LoadMetrics(Collector):
    def __init__(self, streams: OpenStreams, visits: Visits) -> None:
        self._streams = streams
        self._visits = visits

    def collect(self) -> Iterable[Metric]:
        yield from self._numbers()
        yield self._refused()
        yield self._bytes()
        limit = "How many streams may be open, of all kinds together"
        yield GaugeMetricFamily("vkp_kubelet_streams_limit", limit, value=self._streams.limit)
        turned_away = "Connections closed at once, because their address has too many"
        yield CounterMetricFamily("vkp_kubelet_connections_refused", turned_away, value=self._visits.refused)

    def _numbers(self) -> Iterable[Metric]:
        is_open = GaugeMetricFamily("vkp_kubelet_streams_open", "Streams that are open", labels=["kind"])
        opened = CounterMetricFamily("vkp_kubelet_streams_opened", "Streams begun", labels=["kind"])
        for kind in StreamKind:
            is_open.add_metric([kind.value], self._streams.count(kind))
            opened.add_metric([kind.value], self._streams.opened[kind])
        return is_open, opened

    def _refused(self) -> Metric:
        about = "Streams not begun: too many are open, or the server stops"
        refused = CounterMetricFamily("vkp_kubelet_streams_refused", about, labels=["kind", "reason"])
        for kind in StreamKind:
            for reason in Refusal:
                refused.add_metric([kind.value, reason.value], self._streams.refused[kind, reason])
        return refused

    def _bytes(self) -> Metric:
        about = "Bytes through streams, their own framing included; up is from the client to the container"
        passed = CounterMetricFamily("vkp_kubelet_stream_bytes", about, labels=["kind", "direction"])
        for kind in StreamKind:
            traffic = self._streams.traffic(kind)
            passed.add_metric([kind.value, "up"], traffic.bytes_up)
            passed.add_metric([kind.value, "down"], traffic.bytes_down)
        return passed
