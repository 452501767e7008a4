"""The addresses of the sandbox with a given number; no two numbers share one.

Node addresses come from the range set aside for benchmarks (RFC 2544), so that they meet no real network; loopback
addresses from 127.0.0.0/8; pods and Services from 10.0.0.0/8, inside the sandbox's own namespaces.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

LARGEST_INDEX = 63
FIRST_NODE_HOST = 10
LARGEST_NODE = 200


@dataclass(frozen=True, slots=True)
class Addresses:
    """All that follows from a sandbox's number, 0 to 63."""

    index: int

    @property
    def bridge(self) -> str:
        """The bridge's device name."""
        return f"vkp-{self.index}"

    @property
    def network(self) -> IPv4Network:
        """The network of the bridge and the nodes."""
        return IPv4Network(f"198.18.{self.index}.0/24")

    @property
    def machine(self) -> IPv4Address:
        """This machine's address on the bridge, where API servers listen."""
        return self.network[1]

    @property
    def loopback(self) -> IPv4Address:
        """For what nobody outside the machine's own processes talks to."""
        return IPv4Address(f"127.87.{self.index}.1")

    @property
    def pods(self) -> IPv4Network:
        return IPv4Network(f"10.{64 + self.index}.0.0/16")

    @property
    def services(self) -> IPv4Network:
        return IPv4Network(f"10.{128 + self.index}.0.0/16")

    @property
    def dns(self) -> IPv4Address:
        """The cluster DNS Service's address."""
        return self.services[10]

    def node(self, number: int) -> IPv4Address:
        return self.network[FIRST_NODE_HOST + number]

    def node_pods(self, number: int) -> IPv4Network:
        """The pods of one node: a /24 of the cluster's."""
        return IPv4Network((int(self.pods.network_address) + (number << 8), 24))
