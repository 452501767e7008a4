"""Brings one Cluster in line: looks at all that is known of it, makes what is missing, and says how far it is.

Promises: the caches are the only state, so that a crash at any point is healed by the next pass; of what its author got
wrong nothing is made, and he is told; what runs already goes on running.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kube.client import Client, PatchType
from kube.clock import Clock
from kube.errors import ApiError, BadRequest, Conflict, Fenced, Forbidden, Invalid
from kube.objects import Key, Object
from kube.reconciler import RequeueAfter
from kube.resources import PERSISTENT_VOLUME_CLAIMS, PODS
from vk_provider.controller.acceptance import acceptance_mistakes
from vk_provider.controller.applying import Applying, NotOurs
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.deletion import Deletion
from vk_provider.controller.desired import Desired, desired
from vk_provider.controller.grpc import GrpcError
from vk_provider.controller.host_world import HostWorld
from vk_provider.controller.installation import Installation
from vk_provider.controller.known import Known
from vk_provider.controller.leftovers import leftovers
from vk_provider.controller.named_secrets import NamedSecrets
from vk_provider.controller.names import COMPONENT, FINALIZER, SERVER, Names
from vk_provider.controller.problems import Problem
from vk_provider.controller.progress import Phase, Sight, progress
from vk_provider.controller.references import missing_secrets, secrets_in
from vk_provider.controller.reporting import Reporting
from vk_provider.controller.resources import CLUSTERS
from vk_provider.controller.scaling import let_go, replicas_in, surplus
from vk_provider.controller.seeing import Seen, control_plane, node, rollout, server_to_ask
from vk_provider.controller.status_facts import status_facts
from vk_provider.controller.targets import target
from vk_provider.controller.virtual_side import VirtualFacts
from vk_provider.controller.virtual_sides import VirtualSides

ROUNDS = 5  # in which addresses that the host gives lead to objects that need them
NOT_OURS = timedelta(minutes=1)  # between looks at somebody else's object that is in the way, of which nobody tells

_FINAL = (BadRequest, Forbidden, Invalid, NotOurs)


@dataclass(frozen=True, slots=True)
class Tools:
    """What it takes to look and to act."""

    client: Client
    world: HostWorld
    secrets: NamedSecrets
    sides: VirtualSides
    reporting: Reporting
    installation: Installation
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of an attempt to make a Cluster's objects."""

    problem: Problem | None = None
    error: Exception | None = None
    look_again: datetime | None = None


class ClusterReconciler:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._world = tools.world
        self._applying = Applying(tools.client, tools.world)
        self._deletion = Deletion(tools.client, tools.world, tools.clock)

    async def reconcile(self, key: Key) -> RequeueAfter | None:
        obj = self._world.clusters.get(key)
        if obj is None or obj.metadata.deletion_timestamp is not None:
            self._tools.sides.aim(key, None)
            await self._tools.secrets.of(key, frozenset())
            return None if obj is None else await self._take_away(obj)
        try:
            cluster = Cluster.of(obj)
        except msgspec.ValidationError as error:
            await self._tools.reporting.report(obj, progress(Sight(mistakes=[str(error)])), {})
            return None
        return await self._bring(obj, cluster)

    async def _take_away(self, obj: Object) -> RequeueAfter | None:
        if FINALIZER not in obj.metadata.finalizers:
            return None
        if (obj.decode("status") or {}).get("phase") != Phase.TERMINATING:
            obj = await self._tools.reporting.report(obj, progress(Sight(deleting=True)), {})
        try:
            return await self._deletion.proceed(obj)
        except (Conflict, Fenced):
            raise
        except ApiError as error:
            await self._tools.reporting.report(obj, progress(Sight(deleting=True, held_up=error.message)), {})
            raise

    async def _bring(self, obj: Object, cluster: Cluster) -> RequeueAfter | None:
        secrets = await self._tools.secrets.of(obj.key, secrets_in(cluster.spec))
        known, now = self._known(cluster, secrets), self._tools.clock.utcnow()
        wrong = acceptance_mistakes(cluster, known, self._tools.installation, now)
        mistakes = [str(mistake) for mistake in wrong]
        missing = missing_secrets(cluster, secrets)
        outcome = _Outcome() if mistakes or missing else await self._attempt(obj, cluster, secrets)
        known = self._known(cluster, secrets)
        seen = self._seen(cluster, known)
        facts = self._look_inside(cluster, seen)
        sight = Sight(
            mistakes=mistakes,
            missing=missing,
            control_plane=control_plane(seen, facts, outcome.problem),
            node=node(seen, facts),
            rollout=rollout(seen, cluster.spec.servers),
        )
        told = {} if mistakes else status_facts(cluster, known, self._tools.installation)
        await self._tools.reporting.report(obj, progress(sight), told)
        if outcome.error is not None:
            raise outcome.error
        return self._rest(outcome)

    async def _attempt(self, obj: Object, cluster: Cluster, secrets: Mapping[str, Object]) -> _Outcome:
        try:
            return await self._make(obj, cluster, secrets)
        except (Conflict, Fenced):  # somebody was quicker, or leads now: no news for people
            raise
        except NotOurs as error:
            again = self._tools.clock.utcnow() + NOT_OURS
            return _Outcome(Problem("NameTaken", str(error)), look_again=again)
        except GrpcError as error:
            return _Outcome(Problem("EtcdUnavailable", str(error), is_final=False), error)
        except ApiError as error:
            return _Outcome(Problem("HostRefused", error.message, is_final=isinstance(error, _FINAL)), error)

    async def _make(self, obj: Object, cluster: Cluster, secrets: Mapping[str, Object]) -> _Outcome:
        """Make the objects what they should be."""
        await self._ensure_finalizer(obj)
        claims = self._world.of(PERSISTENT_VOLUME_CLAIMS, obj.key)
        old = leftovers(cluster, self._world.all_made(obj.key), claims)
        if old:
            await self._applying.delete(old)
            return _Outcome(Problem("FormerCluster", _still_there(old), is_final=False))
        now = self._tools.clock.utcnow()
        for _ in range(ROUNDS):
            known = self._known(cluster, secrets)
            wanted = desired(cluster, known, self._tools.installation, now)
            await let_go(cluster, known, wanted.leaving, self._servers(obj.key), now)
            if not await self._applying.apply(cluster, wanted.objects):
                break
        await self._remove_obsolete(cluster, wanted)
        return _Outcome(look_again=wanted.renew_at)

    async def _remove_obsolete(self, cluster: Cluster, wanted: Desired) -> None:
        key, obsolete = Key(cluster.namespace, cluster.name), set(wanted.obsolete)
        made = self._world.all_made(key)
        await self._applying.delete(each for each in made if (each.kind, each.name) in obsolete)
        replicas = replicas_in(wanted.objects)
        if replicas is not None:
            claims = self._world.of(PERSISTENT_VOLUME_CLAIMS, key)
            names = Names(cluster.name, cluster.namespace)
            await self._applying.delete(surplus(claims, names, replicas, self._servers(key)))

    def _servers(self, cluster: Key) -> list[Object]:
        pods = self._world.of(PODS, cluster)
        return [pod for pod in pods if pod.metadata.labels.get(COMPONENT) == SERVER]

    async def _ensure_finalizer(self, obj: Object) -> None:
        finalizers = obj.metadata.finalizers
        if FINALIZER in finalizers:
            return
        metadata = {
            "uid": obj.uid,
            "resourceVersion": obj.resource_version,
            "finalizers": [*finalizers, FINALIZER],
        }
        stored = await self._tools.client.patch(
            CLUSTERS, obj.name, {"metadata": metadata}, obj.namespace, patch_type=PatchType.MERGE
        )
        self._world.clusters.wrote(stored)

    def _look_inside(self, cluster: Cluster, seen: Seen) -> VirtualFacts:
        key, sides = Key(cluster.namespace, cluster.name), self._tools.sides
        server = server_to_ask(seen, sides.server(key), works=sides.facts(key).answers)
        return sides.aim(key, target(cluster, seen.known, server))

    def _known(self, cluster: Cluster, secrets: Mapping[str, Object]) -> Known:
        made = self._world.all_made(Key(cluster.namespace, cluster.name))
        return Known(
            objects={(obj.kind, obj.name): obj.to_dict() for obj in made},
            secrets={name: secret.to_dict() for name, secret in secrets.items()},
        )

    def _seen(self, cluster: Cluster, known: Known) -> Seen:
        key = Key(cluster.namespace, cluster.name)
        pods, claims = self._world.of(PODS, key), self._world.of(PERSISTENT_VOLUME_CLAIMS, key)
        servers = self._world.made["StatefulSet"].get(Key(key.namespace, Names(key.name, key.namespace).servers))
        return Seen(
            names=Names(cluster.name, cluster.namespace),
            known=known,
            pods=[pod.to_dict() for pod in pods],
            claims=[claim.to_dict() for claim in claims],
            told=self._world.told([*pods, *claims, *([servers] if servers is not None else [])]),
        )

    def _rest(self, outcome: _Outcome) -> RequeueAfter | None:
        if outcome.look_again is None:
            return None
        return RequeueAfter(max(1.0, (outcome.look_again - self._tools.clock.utcnow()).total_seconds()))


def _still_there(old: list[Object]) -> str:
    names = ", ".join(f"{obj.kind} {obj.name}" for obj in old[:3])
    return f"a former Cluster of this name is still being removed: {names}"
