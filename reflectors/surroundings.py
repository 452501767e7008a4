"""What pods have around them: storage, who may talk to them, how they are reached from outside, what comes first."""

import asyncio
from collections.abc import Callable, Container, Mapping

from kube.informer import Informer
from kube.objects import Object
from kube.resources import INGRESSES, NETWORK_POLICIES, PRIORITY_CLASSES, STORAGE_CLASSES, Resource
from kube.store import Change
from reflectors import host_events
from reflectors.claims import ClaimReflector
from reflectors.cluster_wide import ClusterWideReflector, ClusterWideRules, Direction
from reflectors.confinement import Confinement
from reflectors.demand import Demand
from reflectors.dependencies import Copies
from reflectors.host_objects import ours
from reflectors.ingresses import AsksForSecrets
from reflectors.kind_reflector import KindReflector, Resources
from reflectors.sync_config import Kind
from reflectors.sync_settings import SyncSettings
from reflectors.tools import Tools
from reflectors.translation import claims, ingresses, network_policies
from reflectors.translation.ingresses import IngressRules
from reflectors.translation.kinds import Rules
from reflectors.translation.network_policies import NetworkPolicyRules
from reflectors.translation.priority_classes import PriorityClassRules, is_system
from reflectors.translation.storage_classes import StorageClassRules

Entry = Callable[[], Kind]
"""What the configuration says of a kind now."""


class Surroundings:
    """Part of the daemon."""

    def __init__(self, tools: Tools, sync: SyncSettings, namespaces: Informer) -> None:
        """`namespaces` are the virtual ones, whose labels the context shows."""
        sides, context = tools.sides, tools.context
        self._sync = sync
        self._policies = _of_kind(NetworkPolicyRules(context), NETWORK_POLICIES, tools, Kind)
        self.confinement = Confinement(self._policies)
        rules = IngressRules(context, lambda: sync.current.ingresses.keep_tls_secrets)
        self._ingresses = _of_kind(rules, INGRESSES, tools, lambda: sync.current.ingresses)
        to_virtual = Direction(originals=sides.host, copies=sides.virtual)
        self._storage_classes = _of_cluster_wide_kind(
            StorageClassRules(), STORAGE_CLASSES, to_virtual, tools, lambda: sync.current.storage_classes
        )
        to_host = Direction(originals=sides.virtual, copies=sides.host, copies_selector=ours(context))
        self._priority_classes = _of_cluster_wide_kind(
            PriorityClassRules(context), PRIORITY_CLASSES, to_host, tools, lambda: sync.current.priority_classes
        )
        self._claims = ClaimReflector(
            tools, wanted=_wanted(lambda: sync.current.persistent_volume_claims), binding_mode=self._binding_mode
        )
        self.priority_classes: Container[str] = _Reflected(self._priority_classes)
        namespaces.add_handler(_Relabelled(self._policies))
        sync.add_handler(self._look_again)

    @property
    def pairs(self) -> Mapping[str, host_events.Pairs]:
        """Who knows whose copies the host objects are, by kind."""
        return {
            claims.KIND: self._claims.claims,
            ingresses.KIND: self._ingresses,
            network_policies.KIND: self._policies,
        }

    @property
    def copies(self) -> Mapping[str, Copies]:
        """Those that pods wait for, by kind."""
        return {claims.KIND: self._claims.claims}

    async def run(self) -> None:
        await self._sync.wait_synced()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._claims.run(), name="claims and volumes")
            group.create_task(self._storage_classes.run(), name="storage classes")
            group.create_task(self._policies.run(), name="network policies")
            group.create_task(self._ingresses.run(), name="ingresses")
            group.create_task(self._priority_classes.run(), name="priority classes")

    async def wait_known(self) -> None:
        """Wait until `priority_classes` and `confinement` can be relied upon, and Ingresses have asked for Secrets.

        A pod's priority cannot be changed afterwards, it must not reach for a moment what a policy forbids, and a
        Secret that nobody asks for is taken off the host.
        """
        await self._priority_classes.wait_known()
        await self._policies.wait_known()
        await self._ingresses.wait_known()

    def ask(self, demand: Demand) -> None:
        """Ask for what has to be on the host beside what pods ask for; to be called before `run`."""
        AsksForSecrets(self._ingresses, self._sync, demand)

    def _look_again(self) -> None:
        self._claims.claims.wake_all()
        self._ingresses.wake_all()
        self._storage_classes.changed()
        self._priority_classes.changed()

    def _binding_mode(self, storage_class: str) -> str | None:
        seen = self._storage_classes.seen(storage_class)
        return None if seen is None else seen.decode("volumeBindingMode", str) or "Immediate"


def _of_kind(rules: Rules, resource: Resource, tools: Tools, entry: Entry) -> KindReflector:
    return KindReflector(
        rules,
        Resources(resource, resource),
        tools,
        wanted=_wanted(entry),
        is_on=lambda: entry().enabled,
    )


def _of_cluster_wide_kind(
    rules: ClusterWideRules, resource: Resource, direction: Direction, tools: Tools, entry: Entry
) -> ClusterWideReflector:
    return ClusterWideReflector(
        rules,
        resource,
        direction,
        tools,
        is_on=lambda: entry().enabled,
        wanted=_wanted(entry),
    )


def _wanted(entry: Entry) -> Callable[[Object], bool]:
    return lambda obj: entry().wants(obj)


class _Reflected(Container[str]):
    """The names of the virtual priority classes that are, or are about to be, on the host."""

    def __init__(self, reflector: ClusterWideReflector) -> None:
        self._reflector = reflector

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and not is_system(name) and self._reflector.original(name) is not None


class _Relabelled:
    """An informer's handler: policies may be about a namespace that comes, goes or gets other labels."""

    def __init__(self, policies: KindReflector) -> None:
        self._policies = policies

    def on_change(self, change: Change) -> None:
        if change.old is None or change.new is None or change.old.metadata.labels != change.new.metadata.labels:
            self._policies.wake_all()
