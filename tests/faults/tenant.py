"""Carries out what the churn decides, through whatever is done to the API servers meanwhile.

Everything about one name happens in order; different names do not wait for each other.
"""

import asyncio
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kube.client import Client, PatchType
from kube.codec import DecodeError
from kube.errors import AlreadyExists, ApiError, Conflict, Invalid, NotFound, Unreachable
from kube.objects import Object
from kube.resources import (
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PRIORITY_CLASSES,
    STORAGE_CLASSES,
    Resource,
)
from tests.faults.churn import Action, Churn, Subject, Verb
from tests.faults.history import History
from tests.faults.kinds import REVISION, Variant, bodies_in, body

LANES = 12
LIMIT = 180.0  # seconds for one action: API servers are killed, and come back
RETRY = 0.2


@dataclass
class Done:
    """What was done, to be printed."""

    verbs: Counter[tuple[str, str]] = field(default_factory=Counter)  # by kind and verb
    taken: set[str] = field(default_factory=set)  # UIDs of virtual pods whose host pods were taken away or failed
    forced: set[str] = field(default_factory=set)  # UIDs of virtual pods that were deleted at once


class Tenant:
    def __init__(
        self, host: Client, virtual: Client, host_namespace: str, history: History, log: Callable[[str], str]
    ) -> None:
        """`log`: what the provider has said about whatever bears this name."""
        self._log = log
        self._host = host
        self._virtual = virtual
        self._host_namespace = host_namespace
        self._history = history
        self.done = Done()

    async def live(self, churn: Churn, pause: Callable[[], Awaitable[bool]]) -> None:
        """Do one thing after the other until `pause`, awaited before each, says that it is enough."""
        lanes: list[asyncio.Queue[Action | None]] = [asyncio.Queue(maxsize=4) for _ in range(LANES)]
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(self._follow(lane))
            while await pause():
                action = churn.next()
                await lanes[zlib.crc32(str(action.subject).encode()) % LANES].put(action)
            for lane in lanes:
                await lane.put(None)

    async def _follow(self, lane: asyncio.Queue[Action | None]) -> None:
        while (action := await lane.get()) is not None:
            try:
                async with asyncio.timeout(LIMIT):
                    await self._do(action)
            except TimeoutError:
                seen = await self._seen(action.subject)
                raise AssertionError(f"waited {LIMIT:g} s for the tenant to {action}; {seen}") from None
            self.done.verbs[action.subject.resource.kind, action.verb] += 1

    async def _seen(self, subject: Subject) -> str:
        there = await self._get(subject)
        host = self._history.host_pod_of(there.uid) if there is not None else None
        virtual, copy = (obj and obj.to_dict() for obj in (there, host))
        return f"saw {virtual}\n and on the host {copy}\n and the provider said\n{self._log(str(subject.key))}"

    async def _do(self, action: Action) -> None:
        subject, variant = action.subject, action.variant
        match action.verb:
            case Verb.CREATE:
                await self._create(subject, variant)
            case Verb.UPDATE:
                await self._update(subject, variant)
            case Verb.DELETE:
                await self._delete(subject)
            case Verb.DELETE_AT_ONCE:
                await self._delete(subject, grace=0)
            case Verb.RECREATE:
                await self._delete(subject)
                await self._create(subject, variant)
            case Verb.EVICT:
                await self._evict(subject)
            case Verb.TAKE | Verb.FAIL:
                await self._strike_host_pod(subject, action.verb)

    async def _create(self, subject: Subject, variant: Variant) -> None:
        """Create it, as soon as its predecessor is gone."""
        resource, (namespace, name) = subject.resource, subject.key
        whole = body(resource, namespace, name, variant)
        client = self._client(resource)

        async def create() -> bool:
            try:
                await client.create(resource, whole)
            except AlreadyExists:
                there = await self._get(subject)
                return there is not None and there.metadata.labels.get(REVISION) == str(variant.revision)
            return True

        await until_done(create)
        if resource == NAMESPACES:
            await self._furnish(name)

    async def _furnish(self, namespace: str) -> None:
        for resource, whole in bodies_in(namespace):

            async def create(resource: Resource = resource, whole: dict[str, Any] = whole) -> bool:
                with suppress(AlreadyExists):
                    await self._virtual.create(resource, whole)
                return True

            await until_done(create)

    async def _update(self, subject: Subject, variant: Variant) -> None:
        resource, (namespace, name) = subject.resource, subject.key
        patch = _change(resource, body(resource, namespace, name, variant))

        async def update() -> bool:
            kind = PatchType.STRATEGIC if resource == PODS else PatchType.MERGE
            await self._client(resource).patch(resource, name, patch, namespace or None, patch_type=kind)
            return True

        with suppress(NotFound):  # Endpoints go with their Service
            await until_done(update)

    async def _delete(self, subject: Subject, *, grace: int | None = None) -> None:
        resource, (namespace, name) = subject.resource, subject.key
        there = await self._get(subject)
        if there is None:
            return
        if grace == 0 and resource == PODS:
            self.done.forced.add(there.uid)

        async def delete() -> bool:
            client = self._client(resource)
            await client.delete(resource, name, namespace or None, grace_period_seconds=grace, uid=there.uid)
            return True

        with suppress(NotFound, Conflict):
            await until_done(delete)

    async def _evict(self, subject: Subject) -> None:
        namespace, name = subject.key
        eviction = {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": name}}

        async def evict() -> bool:
            await self._virtual.create(PODS, eviction, namespace, subresource="eviction", name=name)
            return True

        with suppress(NotFound):
            await until_done(evict)

    async def _strike_host_pod(self, subject: Subject, verb: Verb) -> None:
        """Take the host pod away, or have it fail, if there is one by now."""
        pod = await self._get(subject)
        host = self._history.host_pod_of(pod.uid) if pod is not None else None
        if pod is None or host is None:
            return
        self.done.taken.add(pod.uid)

        async def strike() -> bool:
            if verb is Verb.TAKE:
                await self._host.delete(PODS, host.name, self._host_namespace, uid=host.uid)
            else:
                status = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
                patch: dict[str, Any] = {"metadata": {"uid": host.uid}, "status": status}
                strategic = PatchType.STRATEGIC
                await self._host.patch(
                    PODS, host.name, patch, self._host_namespace, patch_type=strategic, subresource="status"
                )
            return True

        with suppress(NotFound, Conflict):
            await until_done(strike)

    async def _get(self, subject: Subject) -> Object | None:
        found: list[Object] = []

        async def get() -> bool:
            with suppress(NotFound):
                client, (namespace, name) = self._client(subject.resource), subject.key
                found.append(await client.get(subject.resource, name, namespace or None))
            return True

        await until_done(get)
        return found[0] if found else None

    def _client(self, resource: Resource) -> Client:
        """Where this kind's objects are made."""
        return self._host if resource == STORAGE_CLASSES else self._virtual


def _change(resource: Resource, whole: dict[str, Any]) -> dict[str, Any]:
    """Return what of an object may become another."""
    metadata: dict[str, Any] = {"metadata": {"labels": whole["metadata"]["labels"]}}
    if resource == PODS:
        containers = [{key: each[key] for key in ("name", "image")} for each in whole["spec"]["containers"]]
        return metadata | {"spec": {"containers": containers}}
    if resource in (PERSISTENT_VOLUME_CLAIMS, NAMESPACES):
        return metadata
    if resource == STORAGE_CLASSES:
        return metadata | {"allowVolumeExpansion": whole["allowVolumeExpansion"]}
    if resource == PRIORITY_CLASSES:
        return metadata | {"description": whole["description"]}
    return whole


async def until_done(call: Callable[[], Awaitable[bool]]) -> None:
    """Repeat a call until it succeeds or is refused for what it is; whoever calls sets the limit."""
    while True:
        try:
            if await call():
                return
        except (NotFound, Conflict, Invalid):
            raise
        except (Unreachable, DecodeError):
            pass  # the server is being killed
        except ApiError as error:
            if error.status < 500 and error.status not in (403, 429):  # 403: it has just begun, and knows no rights
                raise
        await asyncio.sleep(RETRY)
