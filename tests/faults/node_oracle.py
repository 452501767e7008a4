"""What is wrong with the virtual Node and its Lease."""

from collections.abc import Iterator
from datetime import datetime

from tests.faults.world import Json, Violation, World, uid


def node_is_right(world: World) -> Iterator[Violation]:
    """There is one Node, which is Ready and lets pods in, and whose Lease is its own and fresh."""
    nodes = world.virtual.get("Node", ())
    if [node["metadata"]["name"] for node in nodes] != [world.node]:
        yield Violation(
            "node", f"there are Nodes {[node['metadata']['name'] for node in nodes]}, not {world.node} alone"
        )
        return
    node = nodes[0]
    ready: Json = next((each for each in node["status"]["conditions"] if each["type"] == "Ready"), {})
    if ready.get("status") != "True":
        yield Violation("node", f"{world.node} is not Ready: {ready.get('reason')}: {ready.get('message')}")
    if node["spec"].get("taints") or node["spec"].get("unschedulable"):
        yield Violation("node", f"{world.node} lets no pods in: {node['spec']}")
    leases = [lease for lease in world.virtual.get("Lease", ()) if lease["metadata"]["name"] == world.node]
    if len(leases) != 1:
        yield Violation("node", f"{world.node} has {len(leases)} Leases")
    for lease in leases:
        yield from _lease_is_right(world, node, lease)


def _lease_is_right(world: World, node: Json, lease: Json) -> Iterator[Violation]:
    owners = [owner["uid"] for owner in lease["metadata"].get("ownerReferences", ())]
    if owners != [uid(node)]:
        yield Violation("node", f"the Lease of {world.node} is not its own")
    age = (world.now - datetime.fromisoformat(lease["spec"]["renewTime"])).total_seconds()
    if not -1 < age < lease["spec"]["leaseDurationSeconds"]:
        yield Violation("node", f"the Lease of {world.node} was renewed {age:.0f} s ago")
