"""The bridge between this machine and the nodes, and each node's place on it.

Addresses are real all the way: nothing is masqueraded, every side has routes to the others' pods. No firewall rule is
made outside the nodes' own namespaces.
"""

import subprocess
from collections.abc import Iterable

from sandbox.addresses import Addresses
from sandbox.errors import SandboxError


def create_bridge(addresses: Addresses) -> None:
    """Give this machine an address in the sandbox's network; done twice is done once."""
    bridge, network = addresses.bridge, addresses.network
    if not _exists(bridge):
        _ip(f"link add {bridge} type bridge")
    _ip(
        f"address replace {addresses.machine}/{network.prefixlen} dev {bridge}",
        f"link set {bridge} up",
    )


def attach_node(addresses: Addresses, number: int, *, namespace: int, others: Iterable[tuple[int, int]]) -> None:
    """Connect a node's namespace, given by a process in it, to the bridge.

    `others` are the number and a process of each other node, which learn the way to this node's pods.
    """
    outer = _outer_name(addresses, number)
    if _is_attached(outer, namespace):
        return
    # The cable of a node that was lost goes with its namespace, which the kernel removes in its own time.
    subprocess.run(["ip", "link", "delete", outer], capture_output=True, check=False)
    address, prefix = addresses.node(number), addresses.network.prefixlen
    inside = [
        "link set lo up",
        f"address add {address}/{prefix} dev eth0",
        "link set eth0 up",
        f"route add default via {addresses.machine}",
        # Kubelets before 1.27 ask for a cloud's metadata and wait for seconds unless told at once that there is none.
        "route add unreachable 169.254.169.254",
    ]
    _ip(f"link add {outer} type veth peer name eth0 netns {namespace}")
    for other, process in others:
        inside.append(f"route replace {addresses.node_pods(other)} via {addresses.node(other)}")
        _ip(f"route replace {addresses.node_pods(number)} via {address}", namespace=process)
    _ip(*inside, namespace=namespace)
    _enter(namespace, ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])
    routes = [f"route replace {addresses.node_pods(number)} via {address}"]
    if number == 0:
        routes.append(f"route replace {addresses.services} via {address}")
    # Last, so that a link that is there is complete.
    _ip(f"link set {outer} master {addresses.bridge} up", *routes)


def remove(addresses: Addresses) -> None:
    """Remove the bridge, and with it all routes, and any end of a node's cable that outlived the node."""
    listing = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=False).stdout
    names = [line.split()[0].split("@")[0] for line in listing.splitlines() if line]
    for name in names:
        if name == addresses.bridge or name.startswith(f"{addresses.bridge}-"):
            subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)


def cut(addresses: Addresses, number: int) -> None:
    """Pull a node's cable: no packet passes, and nobody is told."""
    _ip(f"link set {_outer_name(addresses, number)} nomaster")


def mend(addresses: Addresses, number: int) -> None:
    """Plug the cable in again."""
    _ip(f"link set {_outer_name(addresses, number)} master {addresses.bridge}")


def _outer_name(addresses: Addresses, number: int) -> str:
    return f"{addresses.bridge}-{number}"


def _is_attached(outer: str, namespace: int) -> bool:
    """Whether the node's own end of the cable is there, and the other one is plugged in."""
    inner = ["nsenter", f"--net=/proc/{namespace}/ns/net", "ip", "link", "show", "eth0"]
    if subprocess.run(inner, capture_output=True, check=False).returncode != 0:
        return False
    shown = subprocess.run(["ip", "-o", "link", "show", outer], capture_output=True, text=True, check=False)
    return shown.returncode == 0 and " master " in shown.stdout


def _exists(device: str) -> bool:
    return subprocess.run(["ip", "link", "show", device], capture_output=True, check=False).returncode == 0


def _ip(*commands: str, namespace: int | None = None) -> None:
    batch = "\n".join(commands)
    if namespace is None:
        _run(["ip", "-batch", "-"], batch)
    else:
        _enter(namespace, ["ip", "-batch", "-"], batch)


def _enter(namespace: int, command: list[str], text: str = "") -> None:
    _run(["nsenter", f"--net=/proc/{namespace}/ns/net", *command], text)


def _run(command: list[str], text: str) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise SandboxError(f"cannot set up the network: {reason}; check for the kernel's bridge and veth support")
