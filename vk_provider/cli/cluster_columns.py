"""How a Cluster looks in a row; ours and those that K3k made."""

from typing import Any

from vk_provider.cli.output import Column, Json, age


def part(body: Json, *path: str) -> Any:
    """Return what lies at the path, None if there is nothing."""
    found: Any = body
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def phase(body: Json) -> str:
    """Return the phase, also of a Cluster that is going and that no controller has noticed yet."""
    if part(body, "metadata", "deletionTimestamp"):
        return "Terminating"
    return str(part(body, "status", "phase") or "Unknown")


def version(body: Json) -> str:
    found = part(body, "status", "version") or part(body, "spec", "version") or part(body, "status", "hostVersion")
    return str(found or "<host's>")


def trouble(body: Json) -> str:
    """Return what the Ready condition says, unless that is that all is well."""
    for condition in part(body, "status", "conditions") or []:
        if condition.get("type") == "Ready" and condition.get("status") != "True":
            return f"{condition.get('reason', '')}: {condition.get('message', '')}".strip(": ")
    return ""


CLUSTER_COLUMNS = (
    Column("NAMESPACE", lambda body: str(body["metadata"]["namespace"])),
    Column("NAME", lambda body: str(body["metadata"]["name"])),
    Column("MODE", lambda body: str(part(body, "spec", "mode") or "shared")),
    Column("STATUS", phase),
    Column("SERVERS", lambda body: str(part(body, "spec", "servers") or 1)),
    Column("VERSION", version),
    Column("AGE", lambda body: age(part(body, "metadata", "creationTimestamp"))),
    Column("POLICY", lambda body: str(part(body, "status", "policyName") or ""), wide=True),
    Column("ENDPOINT", lambda body: str(part(body, "status", "endpoint") or ""), wide=True),
    Column("MESSAGE", trouble, wide=True),
)
