"""The Secrets that specs name, each followed by itself: of other people's Secrets no more than that is read."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kube.client import Client
from kube.clock import Clock
from kube.informer import Informer, Timing
from kube.objects import Key, Object
from kube.resources import SECRETS
from kube.store import Change


@dataclass(slots=True)
class _Followed:
    informer: Informer
    task: asyncio.Task[None]
    clusters: set[Key] = field(default_factory=set)  # that name it


class NamedSecrets:
    """Part of the daemon."""

    def __init__(self, client: Client, clock: Clock, on_change: Callable[[Key], None]) -> None:
        """`on_change` hears of each Cluster one of whose Secrets came, changed or went."""
        self._client = client
        self._timing = Timing(clock=clock)
        self._on_change = on_change
        self._followed: dict[Key, _Followed] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None
                self._followed.clear()

    async def of(self, cluster: Key, names: frozenset[str]) -> Mapping[str, Object]:
        """Follow these Secrets of its namespace for the Cluster, and no others; return those that exist."""
        wanted = {Key(cluster.namespace, name) for name in names}
        self._leave(cluster, wanted)
        for key in wanted:
            followed = self._followed.get(key) or self._follow(key)
            followed.clusters.add(cluster)
            await followed.informer.wait_synced()
        found = {key.name: self._followed[key].informer.store.get(key) for key in wanted}
        return {name: secret for name, secret in found.items() if secret is not None}

    def on_change(self, change: Change) -> None:
        """Tell of the Clusters that name the Secret."""
        followed = self._followed.get(change.key)
        for cluster in followed.clusters if followed is not None else ():
            self._on_change(cluster)

    def _follow(self, key: Key) -> _Followed:
        assert self._group is not None, "reconciles run only while this does"  # noqa: S101 - for mypy
        selector = f"metadata.name={key.name}"
        informer = Informer(self._client, SECRETS, key.namespace, field_selector=selector, timing=self._timing)
        informer.add_handler(self)
        followed = _Followed(informer, self._group.create_task(informer.run(), name=f"secret {key}"))
        self._followed[key] = followed
        return followed

    def _leave(self, cluster: Key, wanted: set[Key]) -> None:
        for key, followed in list(self._followed.items()):
            if key not in wanted and cluster in followed.clusters:
                followed.clusters.discard(cluster)
                if not followed.clusters:
                    followed.task.cancel()
                    del self._followed[key]
