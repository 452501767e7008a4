"""The query of a log request: checked as a kubelet does, and as the host's API server wants it. Pure functions."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

Query = Sequence[tuple[str, str]]

_SWITCHES = ("follow", "previous", "timestamps")
_SMALLEST = {"tailLines": 0, "limitBytes": 1, "sinceSeconds": 1}
_STREAMS = ("All", "Stdout", "Stderr")
_LARGEST = 2**63 - 1
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class UnreadableQuery(ValueError):  # noqa: N818 - reads as what it is
    """A value is not of its option's type."""


class InvalidQuery(ValueError):  # noqa: N818
    """A value, or a combination of options, makes no sense."""


def log_query(query: Query) -> list[tuple[str, str]]:
    """Raises UnreadableQuery or InvalidQuery."""
    given = _first_values(query)
    options = {name: "true" for name in _SWITCHES if _is_on(given.get(name, "false"))}
    options |= {name: str(_integer(name, given[name])) for name in _SMALLEST if name in given}
    if "sinceTime" in given:
        options["sinceTime"] = _time(given["sinceTime"])
    if "stream" in given:
        options["stream"] = given["stream"]
    _validate(options)
    if options.get("stream") == "All":
        del options["stream"]  # older API servers do not know the option, and this is what they do without
    return list(options.items())


def _first_values(query: Query) -> dict[str, str]:
    """Of repeated options the first one counts; `tail` is the old name of tailLines."""
    given = dict(reversed(query))
    tail = given.pop("tail", "")
    if tail == "all":
        given.pop("tailLines", None)
    elif tail:
        given["tailLines"] = tail
    return given


def _is_on(value: str) -> bool:
    return value != "0" and value.lower() != "false"


def _integer(name: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or abs(int(text)) > _LARGEST:
        raise UnreadableQuery(f"{name}: not a whole number of 64 bits: {text!r}")
    return int(text)


def _time(text: str) -> str:
    try:
        if _RFC3339.fullmatch(text) and datetime.fromisoformat(text):
            return text
    except ValueError:
        pass
    raise UnreadableQuery(f"sinceTime: not a time like 2026-01-31T12:00:00Z: {text!r}")


def _validate(options: Mapping[str, str]) -> None:
    for name, smallest in _SMALLEST.items():
        if name in options and int(options[name]) < smallest:
            raise InvalidQuery(f"{name}: must be at least {smallest}, not {options[name]}")
    if "sinceSeconds" in options and "sinceTime" in options:
        raise InvalidQuery("at most one of sinceTime and sinceSeconds may be given")
    stream = options.get("stream", "All")
    if stream not in _STREAMS:
        raise InvalidQuery(f"stream: must be one of {', '.join(_STREAMS)}, not {stream!r}")
    if stream != "All" and "tailLines" in options:
        raise InvalidQuery("tailLines cannot be had of one stream alone")
