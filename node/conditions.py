"""How a Node that stands for the host cluster feels: verdicts on what is known of the host.

Promises: Ready says True only if the host API answers and some host node is ready (or none may be seen); a pressure is
reported when no ready host node is free of it, for then it will meet the next pod; the words stay the same while
nothing changes, and tell the tenant nothing of the host but numbers.
"""

from collections.abc import Iterator, Sequence

from node.host import HostNode, HostState, Sight
from node.virtual_node import NETWORK_UNAVAILABLE, PRESSURES, READY, Verdict

# A kubelet's own words, which people and their tools look for: when all is well, and when it is not.
_REASONS = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "KubeletHasInsufficientMemory"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "KubeletHasDiskPressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "KubeletHasInsufficientPID"),
    NETWORK_UNAVAILABLE: ("HostNetworkAvailable", "HostNetworkUnavailable"),
}


def verdicts(host: HostState) -> tuple[Verdict, ...]:
    ready = [node for node in host.nodes if node.is_ready]
    strains = (_strain(kind, host, ready) for kind in (*PRESSURES, NETWORK_UNAVAILABLE))
    return *strains, _readiness(host, len(ready))


def mirrored(node: HostNode, host: HostState) -> Iterator[Verdict]:
    """The host node's own conditions, as far as a kubelet speaks of them; Ready is always among them."""
    for kind in (*PRESSURES, NETWORK_UNAVAILABLE):
        if found := node.conditions.get(kind):
            yield Verdict(kind, found.status, found.reason, found.message)
    ready = node.conditions.get(READY)
    if host.trouble:
        yield _unreachable(host)
    elif ready is None:
        yield Verdict(READY, "Unknown", "NodeStatusNeverUpdated", "the host node has not reported yet")
    else:
        yield Verdict(READY, ready.status, ready.reason, ready.message)


def _readiness(host: HostState, ready: int) -> Verdict:
    if host.trouble:
        return _unreachable(host)
    if host.sight is Sight.UNKNOWN:
        return Verdict(READY, "False", "HostNodesUnknown", "the host cluster's nodes have not been listed yet")
    if host.sight is Sight.FORBIDDEN:
        message = "the host cluster answers; its nodes may not be listed, so how much fits here is an assumption"
        return Verdict(READY, "True", "KubeletReady", message)
    if not host.nodes:
        return Verdict(READY, "False", "NoHostNode", "no node of the host cluster is selected")
    message = f"{ready} of {len(host.nodes)} host nodes are ready"
    status, reason = ("True", "KubeletReady") if ready else ("False", "NoHostNodeReady")
    return Verdict(READY, status, reason, message)


def _unreachable(host: HostState) -> Verdict:
    return Verdict(READY, "False", "HostUnreachable", host.trouble)


def _strain(kind: str, host: HostState, ready: Sequence[HostNode]) -> Verdict:
    """Whether a condition that is bad news holds for whatever pod comes next."""
    if host.trouble or host.sight is Sight.UNKNOWN:
        return Verdict(kind, "Unknown", "HostUnreachable", "the host cluster's nodes are out of sight")
    fine, bad = _REASONS[kind]
    if host.sight is Sight.FORBIDDEN:
        return Verdict(kind, "False", fine, "none known: the host cluster's nodes may not be listed")
    strained = sum(node.has(kind) for node in ready)
    message = f"on {strained} of {len(ready)} ready host nodes"
    return Verdict(kind, "True", bad, message) if 0 < len(ready) == strained else Verdict(kind, "False", fine, message)
