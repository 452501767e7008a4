"""How we tell a tenant that something is not possible here."""

from dataclasses import dataclass

ASK = "or ask whoever runs the host cluster to allow it in the Cluster's policy"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One field that cannot be honoured, why not, and what to do instead."""

    field: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.why}; {self.remedy}"
