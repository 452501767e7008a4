"""What one scrape of `/metrics/resource` says, as far as metrics-server listens. Pure.

Source: metrics-server, pkg/scraper/client/resource/decode.go. A node or container counts with processor time and
memory, neither of them zero; a pod counts with all of its containers.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

_SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)(?: (\d+))?")
_LABEL = re.compile(r'([a-z_]+)="([^"]*)"')
_CPU, _MEMORY, _START = "cpu_usage_seconds_total", "memory_working_set_bytes", "start_time_seconds"

PodKey = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True)
class Point:
    """What a node or container has used until a moment; times in seconds since the epoch."""

    at: float = 0.0
    nanoseconds: int = 0  # of processor time, since its start
    memory: int = 0
    began: float = 0.0  # 0 if that is not told

    @property
    def is_whole(self) -> bool:
        return bool(self.nanoseconds and self.memory)


@dataclass(frozen=True)
class Scrape:
    """Of one kubelet."""

    node: Point | None
    pods: Mapping[PodKey, Mapping[str, Point]]


def read(text: str, *, now: float) -> Scrape:
    """Raises ValueError for what is no Prometheus text."""
    node: dict[str, float] = {}
    pods: dict[PodKey, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        sample = _SAMPLE.fullmatch(line)
        if sample is None:
            raise ValueError(f"no sample: {line!r}")
        name, labels, value, milliseconds = sample.groups()
        of, _, what = name.partition("_")
        at = int(milliseconds) / 1000 if milliseconds else now
        if of == "node":
            _note(node, what, float(value), at)
        elif of == "container":
            told = dict(_LABEL.findall(labels or ""))
            _note(pods[told["namespace"], told["pod"]][told["container"]], what, float(value), at)
    whole = {key: points for key, found in pods.items() if (points := _whole(found))}
    return Scrape(point if (point := _point(node)).is_whole else None, whole)


def _note(noted: dict[str, float], what: str, value: float, at: float) -> None:
    if what in {_CPU, _MEMORY, _START}:
        noted[what] = value
    if what in {_CPU, _MEMORY}:
        noted["at"] = at


def _point(noted: Mapping[str, float]) -> Point:
    used, memory = int(noted.get(_CPU, 0) * 1e9), int(noted.get(_MEMORY, 0))
    return Point(noted.get("at", 0.0), used, memory, noted.get(_START, 0.0))


def _whole(containers: Mapping[str, Mapping[str, float]]) -> dict[str, Point]:
    """The points of all containers of which anything is told; none if one is not whole."""
    points = {name: _point(noted) for name, noted in containers.items() if noted}
    return points if all(point.is_whole for point in points.values()) else {}
