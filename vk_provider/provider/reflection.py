"""What is reflected between the two clusters, and in which order it begins."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from kube.backoff import Backoff
from kube.client import Client
from kube.clock import Clock
from kube.discovery import Discovery
from kube.errors import ApiError
from kube.informer import Informer, Timing
from kube.metrics import Metrics
from kube.resources import NAMESPACES
from reflectors.host_events import HostEvents
from reflectors.lag import Lags
from reflectors.pods import PodReflector
from reflectors.service_reflectors import ServiceReflectors, service_reflectors
from reflectors.services import LiveServices
from reflectors.sides import Sides
from reflectors.surroundings import Surroundings
from reflectors.sync_settings import SyncSettings
from reflectors.tools import Tools
from reflectors.translation.context import ApiServer, Context, Version
from reflectors.workloads import Workloads
from vk_provider.provider.directory import NamespaceLabels
from vk_provider.provider.grants import allowed
from vk_provider.provider.settings import ProviderSettings

_PATIENCE = Backoff(base=0.2, cap=1.0)  # a virtual cluster that begins is waited for by people

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reflection:
    """Part of the daemon."""

    namespaces: Informer
    sync: SyncSettings
    services: ServiceReflectors
    surroundings: Surroundings
    workloads: Workloads
    events: HostEvents

    @property
    def pods(self) -> PodReflector:
        return self.workloads.pods

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.namespaces.run(), name="namespaces")
            group.create_task(self.sync.run(), name="sync settings")
            # Pods that were there before us must not be judged by namespaces and Services that we have not seen yet.
            await self.namespaces.wait_synced()
            await self.sync.wait_synced()
            group.create_task(self.services.run(), name="services")
            await self.services.services.wait_known()
            group.create_task(self.surroundings.run(), name="surroundings")
            group.create_task(self.events.run(), name="host events")
            await self.surroundings.wait_known()
            group.create_task(self.workloads.run(), name="workloads")


async def reflect(
    settings: ProviderSettings, sides: Sides, clock: Clock, *, metrics: Metrics, lags: Lags
) -> Reflection:
    """Put the reflectors together, once both API servers have said what they are and the virtual one lets us in.

    Without its rights everything there would count as switched off for a while.
    """
    await _answered(lambda: sides.virtual.request("GET", NAMESPACES.path(), query=[("limit", "1")]), "rights")
    namespaces = Informer(sides.virtual, NAMESPACES, timing=Timing(clock=clock))
    metrics.informer("namespaces", namespaces)
    live = LiveServices()
    context = replace(await _context(settings, sides, NamespaceLabels(namespaces)), services=live)
    sync = SyncSettings(sides, settings.host_namespace, settings.sync_config_map, clock=clock, metrics=metrics)
    tools = Tools(sides, context, clock, metrics, lags)
    services = await _answered(lambda: service_reflectors(tools, live, sync), "versions of EndpointSlices")
    surroundings = Surroundings(tools, sync, namespaces)
    context = replace(context, priority_classes=surroundings.priority_classes, confined=surroundings.confinement)
    tools = replace(tools, context=context)
    workloads = Workloads(tools, sync, surroundings.copies, nodes={settings.node}, workers=settings.workers)
    surroundings.ask(workloads.demand)
    surroundings.confinement.add_handler(workloads.pods.wake_namespace)
    pairs = {**workloads.pairs, **surroundings.pairs, **services.pairs}
    events = HostEvents(tools, pairs)
    return Reflection(namespaces, sync, services, surroundings, workloads, events)


async def _context(settings: ProviderSettings, sides: Sides, namespaces: NamespaceLabels) -> Context:
    return Context(
        cluster=settings.cluster,
        host_namespace=settings.host_namespace,
        api_server=ApiServer(settings.api_server_ip, settings.api_server_port),
        host_version=await _version(sides.host, "host"),
        virtual_version=await _version(sides.virtual, "virtual"),
        cluster_domain=settings.cluster_domain,
        dns_address=settings.dns_address or None,
        allowed=allowed(settings.allow),
        walled_off=settings.walled_off,
        node_selector=settings.host_node_labels,
        priority_class=settings.host_priority_class,
        namespaces=namespaces,
    )


async def _version(client: Client, side: str) -> Version:
    return Version(*await _answered(Discovery(client).server_version, f"{side} API server"))


async def _answered(ask: Callable[[], Awaitable[T]], what: str) -> T:
    """Ask until an answer comes: a virtual API server may start later than we do, and our rights come later still."""
    for failures in itertools.count(1):
        try:
            return await ask()
        except ApiError as error:
            log.warning("waiting", what=what, error=str(error))
            await asyncio.sleep(_PATIENCE.delay(failures, random.random))
    raise AssertionError("counting never ends")
