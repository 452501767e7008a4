from ipaddress import IPv4Network

from hypothesis import assume, given
from hypothesis import strategies as st

from sandbox.addresses import LARGEST_INDEX, LARGEST_NODE, Addresses

indexes = st.integers(0, LARGEST_INDEX)
nodes = st.integers(0, LARGEST_NODE)


def networks(index: int) -> list[IPv4Network]:
    addresses = Addresses(index)
    return [addresses.network, addresses.pods, addresses.services, IPv4Network(f"{addresses.loopback}/32")]


@given(indexes, indexes)
def test_two_sandboxes_share_no_address(one: int, other: int) -> None:
    assume(one != other)
    assert not any(mine.overlaps(theirs) for mine in networks(one) for theirs in networks(other))


@given(indexes)
def test_the_networks_of_one_sandbox_do_not_meet(index: int) -> None:
    ranges = networks(index)
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one is not other)


@given(indexes, nodes, nodes)
def test_two_nodes_share_neither_address_nor_pods(index: int, one: int, other: int) -> None:
    assume(one != other)
    addresses = Addresses(index)
    assert addresses.node(one) != addresses.node(other)
    assert not addresses.node_pods(one).overlaps(addresses.node_pods(other))


@given(indexes, nodes)
def test_a_node_lies_in_its_sandbox(index: int, number: int) -> None:
    addresses = Addresses(index)
    assert addresses.node(number) in addresses.network
    assert addresses.node(number) != addresses.machine
    assert addresses.node_pods(number).subnet_of(addresses.pods)


@given(indexes, nodes)
def test_device_names_are_short_enough_for_the_kernel(index: int, number: int) -> None:
    assert len(f"{Addresses(index).bridge}-{number}") <= 15
