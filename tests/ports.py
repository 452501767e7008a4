"""Ports for processes that tests start."""

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """One that nobody listens on."""
    with socket.create_server((address, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
