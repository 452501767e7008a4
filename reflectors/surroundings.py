"""What pods have around them beside what they mount: storage, and who may talk to them; each kind as configured."""

import asyncio
from collections.abc import Mapping

from kube.clock import Clock
from kube.informer import Informer
from kube.metrics import Metrics
from kube.objects import Object
from kube.resources import NETWORK_POLICIES
from kube.store import Change
from reflectors import host_events
from reflectors.claims import ClaimReflector
from reflectors.dependencies import Copies
from reflectors.kind_reflector import KindReflector, Resources
from reflectors.sides import Sides
from reflectors.sync_settings import SyncSettings
from reflectors.translation import claims, network_policies
from reflectors.translation.context import Context
from reflectors.translation.network_policies import NetworkPolicyRules


class Surroundings:
    """Part of the daemon."""

    def __init__(
        self,
        sides: Sides,
        context: Context,
        sync: SyncSettings,
        namespaces: Informer,
        *,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`namespaces` are the virtual ones, whose labels `context` shows."""
        self._sync = sync
        self._claims = ClaimReflector(
            sides,
            context,
            clock=clock,
            metrics=metrics,
            wanted=self._wants_claim,
        )
        self._policies = KindReflector(
            NetworkPolicyRules(context),
            Resources(NETWORK_POLICIES, NETWORK_POLICIES),
            sides,
            context,
            clock=clock,
            metrics=metrics,
        )
        sync.add_handler(self._claims.claims.wake_all)
        namespaces.add_handler(_Relabelled(self._policies))

    @property
    def pairs(self) -> Mapping[str, host_events.Pairs]:
        """Who knows whose copies the host objects are, by kind."""
        return {claims.KIND: self._claims.claims, network_policies.KIND: self._policies}

    @property
    def copies(self) -> Mapping[str, Copies]:
        """Those that pods wait for, by kind."""
        return {claims.KIND: self._claims.claims}

    async def run(self) -> None:
        await self._sync.wait_synced()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._claims.run(), name="claims and volumes")
            group.create_task(self._policies.run(), name="network policies")

    def _wants_claim(self, claim: Object) -> bool:
        return self._sync.current.persistent_volume_claims.wants(claim)


class _Relabelled:
    """An informer's handler: policies may be about a namespace that comes, goes or gets other labels."""

    def __init__(self, policies: KindReflector) -> None:
        self._policies = policies

    def on_change(self, change: Change) -> None:
        if change.old is None or change.new is None or change.old.metadata.labels != change.new.metadata.labels:
            self._policies.wake_all()
