"""How we tell a tenant that something is not possible here."""

from collections.abc import Sequence
from dataclasses import dataclass

from reflectors.translation.json_values import Json
from reflectors.translation.metadata import excess_of_annotations
from reflectors.translation.writes import Refuse

ASK = "or ask whoever runs the host cluster to allow it in the Cluster's policy"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One field that cannot be honoured, why not, and what to do instead."""

    field: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.why}; {self.remedy}"


def refuse(refusals: Sequence[Refusal], reason: str = "Refused") -> Refuse | None:
    """Return the verdict that tells of all of these; None if there are none."""
    return Refuse(reason, "\n".join(map(str, refusals))) if refusals else None


def too_much_text(host: Json) -> list[Refusal]:
    """Return why an API server would not take the host object's annotations; empty if it does."""
    excess = excess_of_annotations(host)
    why = f"with what is recorded beside them, {excess} bytes more than an API server takes"
    return [Refusal("metadata.annotations", why, "shorten them")] if excess > 0 else []
