"""What of one Cluster is on the host, as last seen: all that the desired state depends on beside the Cluster itself."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reflectors.translation.json_values import Json, mapped


@dataclass(frozen=True, slots=True)
class Known:
    """Bodies are as the host's API server gave them, decoded; nobody changes them."""

    objects: Mapping[tuple[str, str], Json] = field(default_factory=dict)  # ours, by kind and name
    secrets: Mapping[str, Json] = field(default_factory=dict)  # those of the namespace that the spec names, and exist

    def spec(self, kind: str, name: str) -> Json:
        return mapped(self.objects.get((kind, name), {}), "spec")

    def status(self, kind: str, name: str) -> Json:
        return mapped(self.objects.get((kind, name), {}), "status")

    def cluster_ip(self, service: str) -> str:
        """Return the address of one of our Services; empty while it has none."""
        address: str = self.spec("Service", service).get("clusterIP") or ""
        return "" if address == "None" else address

    def files(self, name: str) -> dict[str, bytes]:
        """Return the contents of one of our Secrets; empty if there is none."""
        return contents(self.objects.get(("Secret", name), {}))

    def given(self, name: str) -> dict[str, bytes] | None:
        """Return the contents of a Secret that the spec names; None if it is not there."""
        secret = self.secrets.get(name)
        return None if secret is None else contents(secret)

    def born(self, kind: str, name: str) -> datetime | None:
        """Return when one of our objects was created; None if it is not there."""
        created = mapped(self.objects.get((kind, name), {}), "metadata").get("creationTimestamp")
        return datetime.fromisoformat(created) if created else None


def contents(secret: Json) -> dict[str, bytes]:
    """Return what a Secret holds; what is no base64 is left out, for an API server lets none of that in."""
    found = {}
    for key, value in mapped(secret, "data").items():
        try:
            found[key] = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            continue
    return found
