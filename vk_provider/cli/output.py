"""What commands print on stdout: a table for people, or the objects themselves for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import click

Json = Mapping[str, Any]
F = TypeVar("F", bound=Callable[..., Any])
_UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


class Format(StrEnum):
    JSON = "json"
    YAML = "yaml"
    WIDE = "wide"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    of: Callable[[Json], str]
    wide: bool = False  # only with -o wide


def output_option(command: F) -> F:
    """Add `-o`."""
    help_text = "json and yaml print the objects, name just their names, wide more columns."
    choice = click.Choice([each.value for each in Format])
    return click.option("-o", "--output", type=choice, callback=_format, help=help_text)(command)


def _format(_: click.Context, __: click.Parameter, value: str | None) -> Format | None:
    return Format(value) if value else None


def show_list(objects: Sequence[Json], columns: Sequence[Column], output: Format | None, *, kind: str) -> None:
    """Print several objects; as a list of `kind` for programs."""
    if output in (Format.JSON, Format.YAML):
        api_version = objects[0]["apiVersion"] if objects else "v1"
        listed = {"apiVersion": api_version, "kind": f"{kind}List" if objects else "List", "items": list(objects)}
        print_object(listed, output)
    elif output is Format.NAME:
        for each in objects:
            click.echo(name_of(each))
    else:
        shown = [column for column in columns if output is Format.WIDE or not column.wide]
        rows = [[column.of(each) for column in shown] for each in objects]
        for line in table([[column.title for column in shown], *rows]):
            click.echo(line)


def show_one(body: Json, columns: Sequence[Column], output: Format | None) -> None:
    """Print an object; for programs as it is, not in a list."""
    if output in (Format.JSON, Format.YAML):
        print_object(body, output)
    else:
        show_list([body], columns, output, kind=body["kind"])


def print_object(content: Json, output: Format) -> None:
    click.echo(text_of(content, output), nl=False)


def text_of(content: Json, output: Format) -> str:
    """Return JSON or YAML."""
    if output is Format.JSON:
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    import yaml  # noqa: PLC0415 - tables need no YAML

    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))


def name_of(body: Json) -> str:
    """Return it as kubectl takes it: cluster.k3k.io/demo."""
    group = str(body["apiVersion"]).partition("/")[0] if "/" in body["apiVersion"] else ""
    kind = f"{body['kind'].lower()}.{group}" if group else body["kind"].lower()
    return f"{kind}/{body['metadata']['name']}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines whose columns stand below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["   ".join(cells).rstrip() for cells in padded]


def age(since: str | None, *, now: datetime | None = None) -> str:
    """Return how long ago a timestamp of Kubernetes was, in its largest two units: 3d4h."""
    if not since:
        return "<unknown>"
    began = datetime.fromisoformat(since).astimezone(UTC)
    return duration(((now or datetime.now(UTC)) - began).total_seconds())


def duration(seconds: float) -> str:
    left = max(0, int(seconds))
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
        if len(parts) == 2 or (parts and count >= 10):
            break
    return "".join(parts) or "0s"
