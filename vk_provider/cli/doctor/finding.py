"""What an examination has found out."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"  # fine, but worth knowing
    WARNING = "warning"  # something will not work
    BAD = "bad"  # nothing will


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    level: Level
    what: str
    advice: str = ""
