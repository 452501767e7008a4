"""The sync configuration as it is now: a ConfigMap of the host namespace, followed while it changes.

A configuration that makes no sense changes nothing: the last good one stays, and the virtual node says what is wrong.
"""

import asyncio
from collections.abc import Callable

import structlog

from kube.clock import Clock
from kube.informer import Informer, Timing
from kube.metrics import Metrics
from kube.objects import Key
from kube.resources import CONFIG_MAPS
from kube.store import Change
from reflectors.sides import Sides
from reflectors.sync_config import SyncConfig, SyncConfigError, sync_config

KEY = "sync.yaml"

log = structlog.get_logger()


class SyncSettings:
    """Part of the daemon."""

    def __init__(self, sides: Sides, namespace: str, name: str, *, clock: Clock, metrics: Metrics) -> None:
        """Follow the ConfigMap of that name in the host namespace; without a name, or without it, defaults count."""
        self.current = SyncConfig()
        self._sides = sides
        self._name = name
        self._key = Key(namespace, name)
        self._handlers: list[Callable[[], None]] = []
        self._informer = Informer(
            sides.host, CONFIG_MAPS, namespace, field_selector=f"metadata.name={name}", timing=Timing(clock=clock)
        )
        self._informer.add_handler(self)
        metrics.informer("host settings", self._informer)

    def add_handler(self, handler: Callable[[], None]) -> None:
        """Call `handler` whenever `current` has become another."""
        self._handlers.append(handler)

    async def run(self) -> None:
        if self._name:
            await self._informer.run()
        else:
            await asyncio.Event().wait()

    async def wait_synced(self) -> None:
        """Wait until what counts is known: nothing is to be taken away for want of a configuration that is not read."""
        if self._name:
            await self._informer.wait_synced()

    def on_change(self, change: Change) -> None:
        """Take in what the ConfigMap says now."""
        data = (change.new.decode("data", dict[str, str]) if change.new is not None else None) or {}
        try:
            config = sync_config(data.get(KEY, ""))
        except SyncConfigError as error:
            where = f"ConfigMap {self._key.namespace}/{self._key.name}, {KEY}"
            log.warning("sync configuration refused", where=where, error=str(error))
            self._sides.warn_node("SyncRefused", f"{where}: {error}; what was said before still counts")
            return
        if config != self.current:
            log.info("sync configuration changed")
            self.current = config
            for handler in self._handlers:
                handler()
