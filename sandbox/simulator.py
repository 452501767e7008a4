"""Nodes and running pods by the thousand, without containers: plays the kubelets of N nodes against one API server.

Every pod bound to one of its nodes becomes Running and Ready, and goes when it is deleted; the nodes stay Ready by
their leases. All it knows is in the cluster: killed and started again it goes on where it was.
"""

import argparse
import asyncio
from ipaddress import IPv4Network
from pathlib import Path

from kube.client import Client
from kube.clock import SystemClock
from sandbox.address_pool import AddressPool
from sandbox.node_player import NodePlayer
from sandbox.pod_player import PodPlayer
from sandbox.service import serve
from sandbox.simulated_node import Fleet
from sandbox.simulated_pod import RUN_SECONDS, Delays

NAME = "vkp-sandbox-simulator"


async def simulate(client: Client, fleet: Fleet, delays: Delays) -> None:
    """Play until cancelled."""
    clock, nodes = SystemClock(), fleet.addresses()
    node_player = NodePlayer(client, clock, nodes=nodes, pods_per_node=fleet.pods_per_node)
    pod_player = PodPlayer(client, clock, nodes=nodes, pool=AddressPool(fleet.pod_addresses()), delays=delays)
    async with asyncio.TaskGroup() as group:
        group.create_task(node_player.run(), name="nodes")
        group.create_task(pod_player.run(), name="pods")


def main() -> None:
    parser = _parser()
    options = parser.parse_args()
    if not 0 < options.nodes < options.network.num_addresses // 2:
        parser.error(f"--nodes {options.nodes}: from 1 to half the addresses of --network {options.network}")
    fleet = Fleet(options.nodes, options.pods_per_node, name=options.name, network=options.network)
    delays = Delays(start=options.start_delay, stop=options.stop_delay)
    serve(NAME, options.kubeconfig, lambda client: simulate(client, fleet, delays))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Play nodes whose pods run without containers.",
        epilog=f"A pod with the annotation {RUN_SECONDS} succeeds after so many seconds.",
    )
    parser.add_argument("--kubeconfig", type=Path, required=True, metavar="FILE")
    parser.add_argument("--nodes", type=int, default=10, help="how many (default: 10)")
    parser.add_argument("--pods-per-node", type=int, default=110, help="capacity of each (default: 110)")
    parser.add_argument("--start-delay", type=float, default=0.0, help="seconds from bound to Running (default: 0)")
    parser.add_argument("--stop-delay", type=float, default=0.0, help="seconds from deleted to gone (default: 0)")
    parser.add_argument("--name", default="simulated", help="what the nodes' names begin with (default: simulated)")
    parser.add_argument(
        "--network",
        type=IPv4Network,
        default=IPv4Network("100.64.0.0/10"),
        help="addresses that nodes and pods are said to have (default: 100.64.0.0/10)",
    )
    return parser


if __name__ == "__main__":
    main()
