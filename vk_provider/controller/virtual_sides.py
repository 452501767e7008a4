"""All virtual clusters as seen from inside: one `VirtualSide` for each that has a server to talk to."""

import asyncio
from collections.abc import Callable

from kube.calls import CallObserver
from kube.clock import Clock
from kube.objects import Key
from vk_provider.controller.virtual_side import Target, VirtualFacts, VirtualSide


class VirtualSides:
    """Part of the daemon."""

    def __init__(self, clock: Clock, on_change: Callable[[Key], None], observer: CallObserver) -> None:
        """`on_change` hears of which Cluster there is something new to know, `observer` of each request."""
        self._observer = observer
        self._clock = clock
        self._on_change = on_change
        self._group: asyncio.TaskGroup | None = None
        self._sides: dict[Key, tuple[VirtualSide, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Look at whatever is aimed at, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None
                self._sides.clear()

    def aim(self, cluster: Key, target: Target | None) -> VirtualFacts:
        """Look at that from now on, or at nothing; return what is known of it."""
        held = self._sides.get(cluster)
        if held is not None and held[0].target != target:
            held[1].cancel()
            del self._sides[cluster]
            held = None
        if held is None and target is not None and self._group is not None:
            side = VirtualSide(target, self._clock, lambda: self._on_change(cluster), self._observer)
            held = side, self._group.create_task(side.run(), name=f"virtual side {cluster}")
            self._sides[cluster] = held
        return self.facts(cluster)

    def facts(self, cluster: Key) -> VirtualFacts:
        held = self._sides.get(cluster)
        return VirtualFacts() if held is None else held[0].facts

    def server(self, cluster: Key) -> str:
        """Which server it looks at; empty if at none."""
        held = self._sides.get(cluster)
        return "" if held is None else held[0].target.server
