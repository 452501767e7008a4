"""Durations on the command line, as Kubernetes' users write them: 90s, 3m, 1h30m; a mere number is seconds."""

import re
from typing import Any

import click

_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_WHOLE = re.compile(rf"({_PART.pattern})+")


class Duration(click.ParamType[float]):
    """Seconds, as a float."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        if isinstance(value, int | float):
            return float(value)
        if value.isdecimal():
            return float(value)
        if not _WHOLE.fullmatch(value):
            self.fail(f"{value!r} is no duration, as 90s, 3m or 1h30m are", param, ctx)
        return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(value))


DURATION = Duration()
