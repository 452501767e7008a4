"""Addresses for pods, each held by one pod at a time."""

from collections import deque
from collections.abc import Iterable


class AddressPool:
    """Hands out addresses; one that was given back is used again as late as possible."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._fresh = iter(addresses)
        self._returned: deque[str] = deque()
        self._holders: dict[str, str] = {}  # by address: the holder's UID
        self._held: dict[str, str] = {}  # the same the other way round

    def hold(self, uid: str, address: str) -> None:
        """Take note that the pod has this address, from before we started."""
        if address not in self._holders and uid not in self._held:
            self._assign(uid, address)

    def take(self, uid: str) -> str:
        """The pod's address: the one it has, or a free one. Raises LookupError when all are held."""
        if uid not in self._held:
            self._assign(uid, self._free())
        return self._held[uid]

    def release(self, uid: str) -> None:
        """The pod is gone."""
        address = self._held.pop(uid, None)
        if address is not None:
            del self._holders[address]
            self._returned.append(address)

    def _assign(self, uid: str, address: str) -> None:
        self._holders[address] = uid
        self._held[uid] = address

    def _free(self) -> str:
        for address in self._fresh:
            if address not in self._holders:
                return address
        while self._returned:
            address = self._returned.popleft()
            if address not in self._holders:
                return address
        raise LookupError("all pod addresses are held; start the simulator with a larger --network")
