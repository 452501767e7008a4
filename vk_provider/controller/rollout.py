"""Whether servers and provider are those that were asked for last, or still those from before."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def servers_rollout(servers: Json | None, wanted: int) -> str:
    """Return what is still to be done about the servers; empty when nothing is."""
    if servers is None:
        return "its servers have to be made"
    status = servers.get("status") or {}
    updated = int(status.get("updatedReplicas") or 0) if _is_seen(servers) else 0
    there = int(status.get("replicas") or 0)
    # One server alone says by itself, from inside, that it works; of several each one has to.
    ready = there if wanted == 1 else int(status.get("readyReplicas") or 0)
    done = min(updated, ready)
    if done == wanted == there:
        return ""
    if there > wanted:
        return f"there are {there} servers, of which {wanted} shall stay"
    return f"{done} of {wanted} servers are as they are to be"


def provider_rollout(provider: Json | None) -> str:
    """Return what is still to be done about the provider; empty when nothing is."""
    if provider is None:
        return "its provider has to be made"
    status = provider.get("status") or {}
    wanted = int(provider["spec"].get("replicas", 1))
    # The first one is known to work by its node; a node may be Ready for a while after its provider has gone.
    is_first = provider["metadata"].get("generation", 1) == 1
    ready = wanted if is_first else int(status.get("availableReplicas") or 0)
    if _is_seen(provider) and int(status.get("updatedReplicas") or 0) >= wanted and ready >= wanted:
        return ""
    return "its provider is being replaced"


def _is_seen(obj: Json) -> bool:
    """Tell whether the host has looked at the newest of what was asked for."""
    seen = int((obj.get("status") or {}).get("observedGeneration") or 0)
    return seen >= int(obj["metadata"].get("generation", 1))
