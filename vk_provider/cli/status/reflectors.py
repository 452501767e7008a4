"""How each of the provider's reflectors keeps up, read from its metrics."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_NO_REFLECTORS = frozenset({"leases", "nodes"})  # queues of the provider that copy nothing
_SAMPLES = frozenset(
    {"workqueue_depth", "workqueue_oldest_age_seconds", "reconcile_failures_total", "component_enabled"}
)


@dataclass(frozen=True, slots=True)
class Reflector:
    """One kind that is reflected."""

    name: str
    waiting: int  # objects that have changed and are not done yet
    lag: float  # seconds that the oldest of them has waited
    failures: int  # since the provider began
    is_on: bool = True  # False where the host does not have the kind, or does not let the provider see it


def read_reflectors(metrics: str) -> Sequence[Reflector]:
    """Return them by name; none for what is no such text."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    try:
        for family in text_string_to_metric_families(metrics):
            for sample in family.samples:
                if sample.name in _SAMPLES and "name" in sample.labels:
                    found[sample.name][sample.labels["name"]] += sample.value
    except ValueError:
        return ()
    return [
        Reflector(
            name,
            waiting=int(depth),
            lag=found["workqueue_oldest_age_seconds"].get(name, 0.0),
            failures=int(found["reconcile_failures_total"].get(name, 0)),
            is_on=found["component_enabled"].get(name, 1) != 0,
        )
        for name, depth in sorted(found["workqueue_depth"].items())
        if name not in _NO_REFLECTORS
    ]
