"""Pods and what they lean on, put together: ConfigMaps and Secrets as far as pods ask for them, and their tokens."""

import asyncio
from collections.abc import Callable, Collection, Mapping

from kube.objects import Object
from kube.resources import CONFIG_MAPS, SECRETS, Resource
from reflectors import host_events
from reflectors.demand import Demand
from reflectors.dependencies import Copies, PodDependencies
from reflectors.kind_reflector import KindReflector, Resources
from reflectors.pods import PodReflector
from reflectors.sync_settings import SyncSettings
from reflectors.tokens import TokenReflector
from reflectors.tools import Tools
from reflectors.translation.config_objects import CONFIG_MAP, SECRET, TOKEN_TYPE, ConfigObjects
from reflectors.translation.pod_spec import KIND
from reflectors.virtual_pods import VirtualPods, ask_for_references

# Without them no pod has a way to its API server, which is nothing that the tenant has configured.
ROOT_CERTIFICATES = "kube-root-ca.crt"


class Workloads:
    """Part of the daemon."""

    def __init__(
        self,
        tools: Tools,
        sync: SyncSettings,
        copies: Mapping[str, Copies],
        *,
        nodes: Collection[str],
        workers: int = 32,
    ) -> None:
        """`copies`: the reflectors of whatever else pods wait for, by kind."""
        self._tools = tools
        self._sync = sync
        self.demand = Demand()
        self._virtual_pods = VirtualPods(tools, nodes)
        ask_for_references(self._virtual_pods, self.demand)
        self._config = {
            CONFIG_MAP: self._on_demand(CONFIG_MAP, CONFIG_MAPS, self._wants_config_map),
            SECRET: self._on_demand(SECRET, SECRETS, self._wants_secret),
        }
        self._tokens = TokenReflector(self._virtual_pods, tools)
        dependencies = PodDependencies(self.demand, {**copies, **self._config}, self._tokens)
        self.pods = PodReflector(self._virtual_pods, tools, dependencies, workers=workers)

    @property
    def pairs(self) -> Mapping[str, host_events.Pairs]:
        """Who knows whose copies the host objects are, by kind."""
        return {KIND: self.pods, **self._config}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._virtual_pods.run(), name="virtual pods")
            group.create_task(self._tokens.run(), name="tokens")
            group.create_task(self.pods.run(), name="pods")
            # What nobody asks for is taken off the host: so nobody must be missing.
            await self._virtual_pods.wait_synced()
            await self._sync.wait_synced()
            for kind, reflector in self._config.items():
                group.create_task(reflector.run(), name=kind)
            for reflector in self._config.values():
                await reflector.wait_known()
                self.pods.look_again()  # what is not in the virtual cluster either is no reason to wait

    def _on_demand(self, kind: str, resource: Resource, wanted: Callable[[Object], bool]) -> KindReflector:
        reflector = KindReflector(
            ConfigObjects(kind, self._tools.context),
            Resources(resource, resource),
            self._tools,
            wanted=wanted,
        )
        self.demand.listen(kind, reflector.wake)
        self._sync.add_handler(reflector.wake_all)
        return reflector

    def _wants_config_map(self, config_map: Object) -> bool:
        is_asked = self.demand.is_asked(CONFIG_MAP, config_map.key)
        if config_map.name == ROOT_CERTIFICATES:
            return is_asked
        return self._sync.current.config_maps.wants(config_map, is_referred_to=is_asked)

    def _wants_secret(self, secret: Object) -> bool:
        is_asked = self.demand.is_asked(SECRET, secret.key)
        if secret.decode("type", str) == TOKEN_TYPE:
            return is_asked
        return self._sync.current.secrets.wants(secret, is_referred_to=is_asked)
