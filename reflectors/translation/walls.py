"""What a tenant's network policies must not open: addresses of the host that are nobody's outside.

Policies add up: one that lets pods reach every address would let them reach the pods of others, whatever else forbids
that. Promises: no rule opens an address inside the wall; all that is outside of it, and a tenant's own pods, stay as
reachable as the rule says.
"""

from ipaddress import IPv4Network, IPv6Network, ip_network

from reflectors.translation.context import Context
from reflectors.translation.host_names import label_value
from reflectors.translation.json_values import Draft, Json, listed
from reflectors.translation.metadata import COMPONENT_LABEL, CONTROL_PLANE_LABEL, SERVER
from reflectors.translation.selectors import scoped

Network = IPv4Network | IPv6Network

EVERYWHERE = ("0.0.0.0/0", "::/0")


def everybody(context: Context) -> list[Draft]:
    """Return the peers that a rule without peers means: the tenant's own pods and API servers, and all outside."""
    blocks = [outside({"cidr": cidr}, context) for cidr in EVERYWHERE]
    own = [scoped({}, None, context), {"matchLabels": _servers(context)}]
    return [*({"podSelector": pods} for pods in own), *({"ipBlock": block} for block in blocks if block is not None)]


def outside(block: Json, context: Context) -> Draft | None:
    """Return what of a block of addresses is outside the wall; None if nothing is, or nobody can tell."""
    try:
        network = ip_network(block["cidr"], strict=False)
    except ValueError:  # as older API servers let it pass: 010.0.0.0/8
        return None
    walls = [wall for wall in map(ip_network, context.walled_off) if wall.version == network.version]
    if any(_is_within(network, wall) for wall in walls):
        return None
    kept_out = {str(wall) for wall in walls if _is_within(wall, network)} | set(listed(block, "except"))
    return {"cidr": block["cidr"]} | ({"except": sorted(kept_out)} if kept_out else {})


def _servers(context: Context) -> dict[str, str]:
    return {CONTROL_PLANE_LABEL: label_value(context.cluster), COMPONENT_LABEL: SERVER}


def _is_within(network: Network, wall: Network) -> bool:
    return network.network_address in wall and network.prefixlen >= wall.prefixlen
