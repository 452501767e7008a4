"""Services, and where tenants say that those without a selector lead: three kinds that have to know of each other."""

import asyncio
from collections.abc import Callable, Mapping

from kube.client import Client
from kube.discovery import Discovery
from kube.objects import Key, Object
from kube.resources import ENDPOINT_SLICES, ENDPOINTS, SERVICES, Resource
from reflectors import host_events
from reflectors.kind_reflector import KindReflector, Resources
from reflectors.services import LiveServices
from reflectors.sync_settings import SyncSettings
from reflectors.tools import Tools
from reflectors.translation import services
from reflectors.translation.endpoints import (
    SLICE,
    EndpointsRules,
    SliceRules,
    has_own_endpoints,
    may_have_slices,
    service_of_slice,
)
from reflectors.translation.json_values import Json
from reflectors.translation.kinds import Rules
from reflectors.translation.metadata import AGREEING
from reflectors.translation.services import ServiceRules

Wanted = Callable[[Object], bool]


async def slice_resources(host: Client, virtual: Client) -> Resources:
    """Return the kind of EndpointSlices as each API server offers it."""
    return Resources(virtual=await _slices(Discovery(virtual)), host=await _slices(Discovery(host)))


async def _slices(discovery: Discovery) -> Resource:
    return await discovery.best("discovery.k8s.io", SLICE) or ENDPOINT_SLICES


async def service_reflectors(tools: Tools, live: LiveServices, sync: SyncSettings) -> "ServiceReflectors":
    """Return the reflectors of what is configured, by what the API servers offer."""

    def wanted(service: Object) -> bool:
        # One whose address is being agreed on is brought to itself first, whatever the settings say by now.
        return sync.current.services.wants(service) or AGREEING in service.metadata.annotations

    slices = await slice_resources(tools.sides.host, tools.sides.virtual)
    made = ServiceReflectors(tools, slices, live, wanted=wanted)
    sync.add_handler(made.services.wake_all)
    return made


class ServiceReflectors:
    """Part of the daemon."""

    def __init__(self, tools: Tools, slices: Resources, live: LiveServices, *, wanted: Wanted = lambda _: True) -> None:
        """`live` is kept up to date; `wanted`: whether a Service is to be on the host."""
        self._wanted = wanted
        self._slices_of: dict[Key, set[Key]] = {}
        self._service_of: dict[Key, Key] = {}

        def reflector(rules: Rules, resources: Resources, wanted: Wanted) -> KindReflector:
            return KindReflector(rules, resources, tools, wanted=wanted)

        self._live, context = live, tools.context
        self.services = reflector(ServiceRules(context, live.holder), Resources(SERVICES, SERVICES), wanted)
        self.endpoints = reflector(EndpointsRules(context), Resources(ENDPOINTS, ENDPOINTS), self._is_wanted_endpoints)
        self.slices = reflector(SliceRules(context, slices.host.api_version), slices, self._is_wanted_slice)
        self.slices.add_handler(self._slice_changed)
        self.services.add_handler(self._service_changed)

    @property
    def pairs(self) -> Mapping[str, host_events.Pairs]:
        """Who knows whose copies the host objects are, by kind."""
        return {services.KIND: self.services, ENDPOINTS.kind: self.endpoints, SLICE: self.slices}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.services.run(), name="services")
            # What leads to a Service is an orphan only if all Services are known.
            await self.services.wait_synced()
            group.create_task(self.endpoints.run(), name="endpoints")
            group.create_task(self.slices.run(), name="endpoint slices")

    def _service_changed(self, key: Key) -> None:
        freed = self._live.changed(key, self.services)
        for other in self._live.at(freed) if freed is not None else ():
            self.services.wake(other)
        self.endpoints.wake(key)
        for each in self._slices_of.get(key, ()):
            self.slices.wake(each)

    def _slice_changed(self, key: Key) -> None:
        virtual = self.slices.virtual(key)
        before, now = self._service_of.pop(key, None), _service_of(virtual) if virtual is not None else None
        if before is not None:
            self._slices_of[before].discard(key)
            if not self._slices_of[before]:
                del self._slices_of[before]
        if now is not None:
            self._service_of[key] = now
            self._slices_of.setdefault(now, set()).add(key)

    def _is_wanted_endpoints(self, virtual: Object) -> bool:
        service = self._service(virtual.key)
        return service is not None and has_own_endpoints(service)

    def _is_wanted_slice(self, virtual: Object) -> bool:
        key = _service_of(virtual)
        service = self._service(key) if key is not None else None
        return service is not None and may_have_slices(service)

    def _service(self, key: Key) -> Json | None:
        service = self.services.virtual(key)
        return service.to_dict() if service is not None and self._wanted(service) else None


def _service_of(virtual: Object) -> Key | None:
    """Return the Service that a slice is of, if a tenant made it."""
    name = service_of_slice(virtual.metadata.labels)
    return Key(virtual.namespace, name) if name else None
