"""What keeps a Cluster from being ready, on stderr: a living list on a terminal, elsewhere a line for each change."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from vk_provider.cli.cluster_columns import phase
from vk_provider.cli.output import Json
from vk_provider.cli.verdicts import conditions_told

Told = tuple[str, bool | None, str]
Progress = Callable[[Json], None]
_MARKS = {True: "✓", False: "·", None: "?"}
_STYLES = {True: "green", False: "yellow", None: "dim"}


@contextmanager
def showing_progress(what: str) -> Iterator[Progress]:
    """Give what to call with each new state of a Cluster."""
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    if not console.is_terminal:
        yield _Lines(began)
        return
    with Live(console=console, transient=True, refresh_per_second=8) as live:
        spinner = Spinner("dots")

        def update(body: Json) -> None:
            spinner.update(text=f"{what}: {phase(body)}")
            live.update(Group(spinner, *_list(body)))

        yield update


def _list(body: Json) -> Sequence[Text]:
    return [
        Text(f"  {_MARKS[holds]} {kind}" + ("" if holds or not said else f": {said}"), style=_STYLES[holds])
        for kind, holds, said in _news(conditions_told(body))
    ]


def _news(told: Sequence[Told]) -> Iterator[Told]:
    """Leave out what another condition says already: Ready repeats what keeps it."""
    said = set()
    for each in told:
        if each[1] or each[2] not in said:
            yield each
        said.add(each[2])


class _Lines:
    def __init__(self, began: float) -> None:
        self._began = began
        self._said: set[str] = set()

    def __call__(self, body: Json) -> None:
        now = {phase(body)}
        for kind, holds, said in _news(conditions_told(body)):
            now.add(kind if holds else f"{kind}: {said}")
        for line in sorted(now - self._said):
            click.echo(f"[{time.monotonic() - self._began:4.0f} s] {line}", err=True)
        self._said = now
