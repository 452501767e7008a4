"""One virtual cluster as seen from inside: whether its API answers, and whether its node is Ready.

    side = VirtualSide(target, on_change)
    group.create_task(side.run())           # ... until cancelled
    side.facts

Promises: a starting API server is asked several times a second, and one that runs is only listened to; what its
provider needs there is made as soon as it accepts writes, and made again if somebody took it away; no certificate of an
administrator is stored anywhere.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from kube.apply import apply_if_different
from kube.backoff import Backoff
from kube.calls import CallObserver
from kube.certificates import KeyPair, issue
from kube.client import Client
from kube.clock import Clock
from kube.codec import DecodeError, EventType
from kube.connection import Access
from kube.errors import ApiError, CredentialsError, NotFound, Unreachable
from kube.objects import Object
from kube.resources import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, CONFIG_MAPS, NODES, SERVICE_ACCOUNTS
from kube.tls import TlsMaterial, client_context
from vk_provider.controller.credentials import ADMIN
from vk_provider.controller.names import APPLIED
from vk_provider.program import PROGRAM, user_agent

SERVER_NAME = "kubernetes"  # K3s has it in every serving certificate, and pods' addresses only since they started

UNREGISTERED = "it has not registered yet"

_CERTIFICATE_LIFE = timedelta(hours=24)
_KNOCK = 1.0  # seconds that a question may take while the server is starting
_PATIENCE = Backoff(base=0.15, cap=1.0)
_RESOURCES = {resource.kind: resource for resource in (CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, CONFIG_MAPS)}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a virtual cluster is, how to be let in, and what is to be there."""

    name: str  # of the Cluster, for logs
    server: str  # https://address:port of one of its servers
    server_ca: bytes
    client_ca: KeyPair
    node: str
    furniture: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class VirtualFacts:
    answers: bool = False  # its API has said that it is ready
    trouble: str = ""  # why not
    node_ready: bool = False
    node_trouble: str = UNREGISTERED


class VirtualSide:
    def __init__(
        self, target: Target, clock: Clock, on_change: Callable[[], None], observer: CallObserver | None = None
    ) -> None:
        """`on_change` hears that `facts` are others."""
        self.target = target
        self.facts = VirtualFacts()
        self._clock = clock
        self._on_change = on_change
        self._observer = observer
        self._log = log.bind(cluster=target.name, server=target.server)

    async def run(self) -> None:
        credentials = _Administrator(self.target, self._clock)
        observer = self._observer
        async with Client(
            credentials, user_agent=user_agent(), field_manager=PROGRAM, timeout=10, observer=observer
        ) as client:
            failures = 0
            while True:
                try:
                    await self._come_up(client)
                    failures = 0
                    await self._follow_node(client)
                except (ApiError, DecodeError) as error:
                    failures += 1
                    self._see(replace(self.facts, answers=False, trouble=_brief(error)))
                    await self._clock.sleep(_PATIENCE.delay(failures, random.random))

    async def _come_up(self, client: Client) -> None:
        """Furnish it as soon as it takes that, for its provider waits for it; then see whether it is ready."""
        await client.request("GET", "/version", timeout=_KNOCK)
        for body in self.target.furniture:
            await self._furnish(client, body)
        await client.request("GET", "/readyz", timeout=_KNOCK)
        # Its controllers make this a moment later, and until then no pod can be created.
        await client.get(SERVICE_ACCOUNTS, "default", "default")
        if not self.facts.answers:
            self._log.info("virtual cluster answers")
        self._see(replace(self.facts, answers=True, trouble=""))

    async def _furnish(self, client: Client, body: Mapping[str, Any]) -> None:
        resource, metadata = _RESOURCES[body["kind"]], body["metadata"]
        try:
            present = await client.get(resource, metadata["name"], metadata.get("namespace"))
        except NotFound:
            present = None
        await apply_if_different(client, resource, body, present, annotation=APPLIED)

    async def _follow_node(self, client: Client) -> None:
        """Listen until the server ends that, which it does every few minutes, and whenever it goes."""
        selector = f"metadata.name={self.target.node}"
        listing = await client.list(NODES, field_selector=selector)
        self._see_node(listing.objects[0] if listing.objects else None)
        version = listing.resource_version
        async with aclosing(client.watch(NODES, resource_version=version, field_selector=selector)) as events:
            async for event in events:
                if event.type is EventType.DELETED:
                    self._see_node(None)
                elif event.type is not EventType.BOOKMARK:
                    self._see_node(event.object)

    def _see_node(self, node: Object | None) -> None:
        ready, trouble = node_readiness(node)
        self._see(replace(self.facts, node_ready=ready, node_trouble=trouble))

    def _see(self, facts: VirtualFacts) -> None:
        if facts != self.facts:
            self.facts = facts
            self._on_change()


def node_readiness(node: Object | None) -> tuple[bool, str]:
    """Tell whether a Node is Ready, and if not, why."""
    if node is None:
        return False, UNREGISTERED
    status = node.decode("status") or {}
    for condition in status.get("conditions") or ():
        if condition["type"] == "Ready":
            if condition["status"] == "True":
                return True, ""
            return False, condition.get("message") or condition.get("reason") or "it is not Ready"
    return False, "it has not said yet how it is"


class _Administrator:
    """Credentials that live in this process only; implements `kube.connection.Credentials`."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self._target = target
        self._clock = clock
        self._access: Access | None = None
        self._renew_at = datetime.max.replace(tzinfo=UTC)

    async def access(self) -> Access:
        now = self._clock.utcnow()
        if self._access is None or now >= self._renew_at:
            self._access = self._signed(now)
            self._renew_at = now + _CERTIFICATE_LIFE / 2
        return self._access

    def _signed(self, now: datetime) -> Access:
        """Sign a certificate; authorities that somebody gave us may be good for nothing."""
        target = self._target
        try:
            pair = issue(target.client_ca, ADMIN, usages=["client"], now=now, lifetime=_CERTIFICATE_LIFE)
            tls = client_context(TlsMaterial(target.server_ca, pair.certificate, pair.key))
        except (OSError, TypeError, ValueError) as error:
            raise CredentialsError(f"the virtual cluster's authorities: {error}") from error
        return Access(target.server, tls=tls, tls_server_name=SERVER_NAME)

    async def refused(self, access: Access) -> bool:
        """Know of nothing better: a starting K3s refuses everybody for a moment."""
        return self._access is not access


def _brief(error: Exception) -> str:
    """Say what is wrong in words that stay the same as long as it does."""
    if isinstance(error, Unreachable):
        return "it takes no connections" if error.refused else "it takes connections and gives no answer"
    if isinstance(error, ApiError) and error.status >= 500:
        return f"it says that it is not ready ({error.status})"
    message = error.message if isinstance(error, ApiError) else str(error)
    return message.partition("\n")[0][:300]
