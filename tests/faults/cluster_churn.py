"""What the authors of Clusters do, decided by a seed alone."""

import random
from dataclasses import dataclass, field
from typing import Any

NAMES = ("one", "two", "three", "four")
VERBS = ("update", "update", "delete", "recreate")


@dataclass(frozen=True, slots=True)
class ClusterAction:
    verb: str
    name: str
    revision: int

    @property
    def spec(self) -> dict[str, Any]:
        """Of the Cluster; the revision shows in the configuration of its servers."""
        return {"tlsSANs": [f"revision-{self.revision}.test"], "persistence": {"type": "ephemeral"}}


@dataclass
class ClusterChurn:
    """An endless row of actions."""

    seed: int
    expected: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(f"clusters {self.seed}")  # noqa: S311 - to be repeated, not to be secret

    def next(self) -> ClusterAction:
        self._count += 1
        name = self._random.choice(NAMES)
        verb = self._random.choice(VERBS) if name in self.expected else "create"
        if verb == "delete":
            del self.expected[name]
        else:
            self.expected[name] = self._count
        return ClusterAction(verb, name, self._count)
