from prometheus_client import CollectorRegistry, generate_latest

from kube.readings import Family, Kind, Readings


def test_readings_are_taken_when_asked_for() -> None:
    registry = CollectorRegistry()
    readings = Readings([Family("depth", "How deep", "name"), Family("seen_total", "How many", "name", Kind.COUNTER)])
    registry.register(readings)
    depth = 1
    readings.add("a", {"depth": lambda: depth, "seen_total": lambda: 5})
    readings.add("b", {"depth": lambda: 9})
    depth = 3
    assert generate_latest(registry).decode().splitlines() == [
        "# HELP depth How deep",
        "# TYPE depth gauge",
        'depth{name="a"} 3.0',
        'depth{name="b"} 9.0',
        "# HELP seen_total How many",
        "# TYPE seen_total counter",
        'seen_total{name="a"} 5.0',
    ]
