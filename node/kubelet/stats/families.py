"""Prometheus text in the making: samples of each metric together, as its format demands, wherever they come from."""

from collections.abc import Iterator
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PIECE = 64 * 1024


@dataclass(slots=True)
class _Family:
    head: list[str]
    samples: list[str] = field(default_factory=list)


class Families:
    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}
        self._remarks: list[str] = []

    def remark(self, text: str) -> None:
        """For people: programs skip it."""
        self._remarks.append(f"# {' '.join(text.split())}\n")

    def declare(self, name: str, kind: str, documentation: str) -> None:
        """Say what a metric is; the first to say so is heard."""
        head = [f"# HELP {name} {documentation}\n", f"# TYPE {name} {kind}\n"]
        self._families.setdefault(name, _Family(head))

    def add(self, family: str, sample: str) -> None:
        """Add a line, without its end, to a family that was declared."""
        self._families[family].samples.append(sample)

    def text(self) -> Iterator[bytes]:
        """All of it in pieces of some size; families without samples are left out."""
        piece = "".join(self._remarks)
        for family in self._families.values():
            if family.samples:
                piece += "".join(family.head)
            for sample in family.samples:
                piece += sample + "\n"
                if len(piece) >= _PIECE:
                    yield piece.encode()
                    piece = ""
        yield piece.encode()
