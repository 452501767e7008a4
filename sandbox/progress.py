"""Telling the person who waits what is going on."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Takes one short line: what is being done now."""


def silent(_: str) -> None:
    """For callers that show nothing."""
