"""How a command ends: its exit codes, and the failure that says what is wrong and what to do next."""

from enum import IntEnum
from typing import IO, Any

import click


class Exit(IntEnum):
    """What scripts may rely on; docs/reference/cli.md tells them to users."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    TIMED_OUT = 4
    NO_ACCESS = 5
    FAULT = 70
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "it is done; what was asked about is well",
    Exit.FAILED: "it could not be done, or what was asked about is not well",
    Exit.USAGE: "the command line makes no sense; nothing was done",
    Exit.NOT_FOUND: "what the command names is not there",
    Exit.TIMED_OUT: "it was not done within `--timeout`, and goes on by itself",
    Exit.NO_ACCESS: "the host cluster does not answer, or does not let this user do it",
    Exit.FAULT: "a fault of vkp",
    Exit.INTERRUPTED: "interrupted",
}


class Failure(click.ClickException):
    """An end other than good. `advice` is what to do next, a line each."""

    def __init__(self, what: str, code: Exit = Exit.FAILED, *, advice: str = "") -> None:
        super().__init__(what)
        self.exit_code = code  # type: ignore[misc]  # click reads it from the instance
        self.advice = advice

    def show(self, file: IO[Any] | None = None) -> None:
        """Write to stderr."""
        click.echo(f"Error: {self.message}", file=file, err=True)
        for line in self.advice.splitlines():
            click.echo(f"  {line}", file=file, err=True)
