"""How many connections one peer may have: many, and few of them before it has said who it is.

A connection costs a third of a MiB once it speaks TLS. Whoever has not shown who he is waits for his turn before that,
as long as others of the same address do the same, so that a stranger can neither fill the memory nor keep out the API
server, which has another address; and two hundred commands begun by it at the same time are let in one after the other.
"""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Peer:
    turns: asyncio.Semaphore
    connections: int = 0


@dataclass(slots=True)
class Visits:
    """Of all peers."""

    strangers: int  # connections of a peer that may be open before they are known
    connections: int  # all connections of a peer, those included that wait
    refused: int = 0  # connections that their peer had too many for
    _peers: dict[str, _Peer] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._peers)

    def begin(self, address: str) -> "Visit | None":
        """None if the peer has too many connections."""
        peer = self._peers.setdefault(address, _Peer(asyncio.Semaphore(self.strangers)))
        if peer.connections >= self.connections:
            self.refused += 1
            return None
        peer.connections += 1
        return Visit(self, address, peer)

    def forget(self, address: str) -> None:
        self._peers.pop(address, None)


class Visit:
    """One connection, from its acceptance until it is gone."""

    def __init__(self, visits: Visits, address: str, peer: _Peer) -> None:
        self._visits = visits
        self._address = address
        self._peer = peer
        self._has_turn = False
        self._is_over = False

    async def turn(self) -> None:
        """Wait until the connection may be opened."""
        await self._peer.turns.acquire()
        self._has_turn = True

    def become_known(self) -> None:
        """Let the next stranger have his turn."""
        if self._has_turn:
            self._has_turn = False
            self._peer.turns.release()

    def end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self.become_known()
        self._peer.connections -= 1
        if not self._peer.connections:
            self._visits.forget(self._address)
