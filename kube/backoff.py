"""How long to wait after the nth failure in a row: longer each time up to a cap, and not in step with others."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    base: float
    cap: float
    factor: float = 2.0
    jitter: float = 0.5  # the share of a delay that is left to chance; it only shortens, so the cap holds

    def delay(self, failures: int, random: Callable[[], float]) -> float:
        """Seconds to wait after `failures` (1 or more) in a row; `random` gives numbers in [0, 1)."""
        return self._full(failures) * (1 - self.jitter * random())

    def _full(self, failures: int) -> float:
        try:
            return min(self.cap, self.base * self.factor ** (failures - 1))
        except OverflowError:
            return self.cap
