"""Numbers that somebody keeps anyway, read when Prometheus asks for them and never otherwise."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class Kind(Enum):
    GAUGE = GaugeMetricFamily
    COUNTER = CounterMetricFamily


@dataclass(frozen=True, slots=True)
class Family:
    """One metric, whose samples differ in one label."""

    name: str
    documentation: str
    label: str
    kind: Kind = Kind.GAUGE


class Readings(Collector):
    def __init__(self, families: Sequence[Family]) -> None:
        self._families = {family.name: family for family in families}
        self._readers: dict[str, dict[str, Callable[[], float]]] = {family.name: {} for family in families}

    def add(self, label: str, readers: Mapping[str, Callable[[], float]]) -> None:
        """Have each family named by a key show, under that label, what its reader returns at the time."""
        for family, read in readers.items():
            self._readers[family][label] = read

    def collect(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        for name, family in self._families.items():
            metric = family.kind.value(name, family.documentation, labels=[family.label])
            for label, read in self._readers[name].items():
                metric.add_metric([label], read())
            yield metric
