"""What is used between two scrapes. Pure.

Source: metrics-server, pkg/storage. A point counts against the one before it if that is older and of the same run of
a container; a container that began between two scrapes counts since its start, once it has run for ten seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sandbox.metrics_server.points import PodKey, Point, Scrape

FRESH_SECONDS = 10.0


@dataclass(frozen=True)
class Usage:
    nanocores: int
    memory: int
    at: float
    window: float  # seconds before `at` in which the processor was used


Containers = Mapping[str, Point]


@dataclass
class Storage:
    """The last two points of everything."""

    resolution: float  # seconds between scrapes
    _nodes: tuple[Mapping[str, Point], Mapping[str, Point]] = field(default=({}, {}))
    _pods: tuple[Mapping[PodKey, Containers], Mapping[PodKey, Containers]] = field(default=({}, {}))

    def store(self, scrapes: Mapping[str, Scrape]) -> None:
        """Take the scrapes of all nodes, by their names; of a node that is missing nothing is known any more."""
        nodes = {name: scrape.node for name, scrape in scrapes.items() if scrape.node is not None}
        last, before = self._nodes
        self._nodes = nodes, {name: point for name in nodes if (point := _earlier(name, nodes, last, before))}
        pods = {key: containers for scrape in scrapes.values() for key, containers in scrape.pods.items()}
        self._pods = pods, {key: self._earlier_of_pod(key, containers) for key, containers in pods.items()}

    def of_node(self, name: str) -> Usage | None:
        last, before = self._nodes
        return _usage(last[name], before[name]) if name in before else None

    def of_pod(self, key: PodKey) -> Mapping[str, Usage] | None:
        """Of each container; None unless something is known of all."""
        last, before = (each.get(key, {}) for each in self._pods)
        if not last or last.keys() - before.keys():
            return None
        found = {name: _usage(point, before[name]) for name, point in last.items()}
        return {name: usage for name, usage in found.items() if usage is not None}

    def _earlier_of_pod(self, key: PodKey, containers: Containers) -> Containers:
        last, before = (each.get(key, {}) for each in self._pods)
        found: dict[str, Point] = {}
        for name, point in containers.items():
            if point.began < point.at and FRESH_SECONDS <= point.at - point.began < self.resolution:
                found[name] = replace(point, at=point.began, nanoseconds=0)
            elif name in last and point.began < last[name].at and (old := _earlier(name, containers, last, before)):
                found[name] = old
        return found


def earliest(usages: Iterable[Usage]) -> Usage:
    """The one that tells when all of them were measured."""
    return min(usages, key=lambda usage: usage.at)


def _earlier(
    name: str, now: Mapping[str, Point], last: Mapping[str, Point], before: Mapping[str, Point]
) -> Point | None:
    """The newest point that is older than today's."""
    return next((each[name] for each in (last, before) if name in each and each[name].at < now[name].at), None)


def _usage(last: Point, before: Point) -> Usage | None:
    """None if time seems to have been given back."""
    if last.began < before.began or last.nanoseconds < before.nanoseconds:
        return None
    window = last.at - before.at
    return Usage(int((last.nanoseconds - before.nanoseconds) / window), last.memory, last.at, window)
