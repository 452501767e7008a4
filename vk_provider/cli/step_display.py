"""What is being done now, on stderr: one living line on a terminal, elsewhere a line when a step is another one."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.markup import escape

Steps = Callable[[str], None]


@contextmanager
def showing_steps() -> Iterator[Steps]:
    """Give what to call with each step."""
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    if not console.is_terminal:
        said = [""]

        def say(step: str) -> None:
            if step != said[0]:
                said[0] = step
                click.echo(f"[{time.monotonic() - began:4.0f} s] {step}", err=True)

        yield say
        return
    with console.status("") as line:
        yield lambda step: line.update(f"{escape(step)} [dim]({time.monotonic() - began:.0f} s)[/dim]")
