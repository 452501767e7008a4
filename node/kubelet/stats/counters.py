"""Processor time as counters that only grow, made of what does not: rates, and pods that come and go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Key = tuple[str, str]
"""A pod's UID and a container's name, or none for all of its containers."""


@dataclass(slots=True)
class _Sample:
    at: datetime
    nanoseconds: float


@dataclass(slots=True)
class Integrals:
    """Of each container the time that it must have used, by the rates that were told of it."""

    _samples: dict[Key, _Sample] = field(default_factory=dict)

    def add(self, key: Key, *, nanocores: int, at: datetime, window: timedelta) -> int:
        """Nanoseconds until `at`; the rate held in the window before, or ever since the sample before."""
        sample = self._samples.get(key)
        if sample is None:
            sample = self._samples[key] = _Sample(at, nanocores * window.total_seconds())
        elif at > sample.at:
            sample.nanoseconds += nanocores * (at - sample.at).total_seconds()
            sample.at = at
        return int(sample.nanoseconds)

    def forget_all_but(self, pods: Iterable[str]) -> None:
        kept = set(pods)
        self._samples = {key: sample for key, sample in self._samples.items() if key[0] in kept}


@dataclass(slots=True)
class Total:
    """The time that all of a changing set have used together, also those that are gone."""

    nanoseconds: int = 0
    _seen: dict[Key, int] = field(default_factory=dict)

    def add(self, used: Mapping[Key, int], *, pods: Iterable[str]) -> int:
        """`used` by each since its start. Of whom nothing is told now is remembered while its pod is there."""
        for key, now in used.items():
            before = self._seen.get(key, 0)
            self.nanoseconds += now - before if now >= before else now  # less than before: it was restarted
        kept = set(pods)
        self._seen = {key: value for key, value in {**self._seen, **used}.items() if key[0] in kept}
        return self.nanoseconds
