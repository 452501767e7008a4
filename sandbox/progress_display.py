"""Progress on a terminal as one living line, elsewhere as plain lines, few enough for a log."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console

from sandbox.progress import Progress

QUIET_SECONDS = 30.0


@contextlib.contextmanager
def showing_progress() -> Iterator[Progress]:
    """What is being done now goes to stderr, with the seconds since the beginning."""
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    if not console.is_terminal:
        yield _Lines(console, began)
        return
    with console.status("") as line:
        yield lambda text: line.update(f"{text} [dim]({time.monotonic() - began:.0f} s)[/dim]")


class _Lines:
    """Prints a line for every new step, and for news of the same step (what is before a colon) every 30 s."""

    def __init__(self, console: Console, began: float) -> None:
        self._console = console
        self._began = began
        self._step = ""
        self._said = -QUIET_SECONDS

    def __call__(self, text: str) -> None:
        now = time.monotonic() - self._began
        step = text.partition(":")[0]
        if step != self._step or now - self._said >= QUIET_SECONDS:
            self._console.print(f"[{now:4.0f} s] {text}", markup=False)
            self._step, self._said = step, now
