"""What a benchmark found, against what we want it to be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Goal:
    bound: float
    more_is_better: bool

    def __str__(self) -> str:
        return f"{'≥' if self.more_is_better else '≤'} {_number(self.bound)}"

    def met_by(self, value: float) -> bool:
        return value >= self.bound if self.more_is_better else value <= self.bound


def at_least(bound: float) -> Goal:
    return Goal(bound, more_is_better=True)


def at_most(bound: float) -> Goal:
    return Goal(bound, more_is_better=False)


@dataclass(frozen=True, slots=True)
class Result:
    """A figure; without a goal it is there to be read beside the others."""

    name: str
    value: float
    goal: Goal | None = None
    unit: str = "x"

    @property
    def is_met(self) -> bool:
        return self.goal is None or self.goal.met_by(self.value)


def paired(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return the usual ratio of two things measured in turns: what slows the machine for a while slows both."""
    return median(one / other for one, other in zip(ones, others, strict=True))


def print_results(title: str, results: Iterable[Result]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("what", "measured", "goal", ""):
        table.add_column(heading, justify="left" if heading in {"what", ""} else "right")
    for result in results:
        verdict = "" if result.goal is None else "met" if result.is_met else "MISSED"
        goal = "" if result.goal is None else f"{result.goal} {result.unit}"
        table.add_row(result.name, f"{_number(result.value)} {result.unit}", goal, verdict)
    Console().print(table)


def missed(results: Sequence[Result]) -> list[Result]:
    return [result for result in results if not result.is_met]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
