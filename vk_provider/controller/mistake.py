"""What is wrong with a spec."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """`field` is where, like `spec.addons[1].secretRef`; `what` is wrong there, and what to do."""

    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.field}: {self.what}"
