"""Follows what our Nodes say about the host: its nodes, the quotas of the host namespace, and whether its API answers.

Promises: `state` is the newest there is, without waiting; who waits for a change learns of it within
`COALESCE_SECONDS`, and once of many that come together; what may not be read is done without, and the log says so.
"""

import asyncio
from functools import partial

import structlog

from kube.client import Client
from kube.clock import Clock, SystemClock
from kube.informer import Informer, Timing
from kube.metrics import Metrics
from kube.resources import NODES, RESOURCE_QUOTAS
from node.capacity import Resources, quota_limits
from node.host import HostState, Sight, read_host_node, read_quota, without_what_nobody_reads
from node.optional_informer import OptionalInformer
from node.reachability import ASK_TIMEOUT, Reachability
from node.readings import Readings

COALESCE_SECONDS = 0.2

log = structlog.get_logger()


class HostWatch:
    def __init__(
        self, client: Client, namespace: str, *, metrics: Metrics, node_selector: str = "", clock: Clock | None = None
    ) -> None:
        """`node_selector` is the label selector of the host nodes that may be used; empty for all."""
        self._clock = clock = clock or SystemClock()
        timing = Timing(clock=clock)
        self._nodes = Readings(read_host_node, self._touch)
        nodes = Informer(
            client, NODES, label_selector=node_selector, transform=without_what_nobody_reads, timing=timing
        )
        nodes.add_handler(self._nodes)
        self._quotas = Readings(read_quota, self._touch)
        quotas = Informer(client, RESOURCE_QUOTAS, namespace, timing=timing)
        quotas.add_handler(self._quotas)
        metrics.informer("host nodes", nodes)
        metrics.informer("host resourcequotas", quotas)

        one = [("limit", "1")]
        ask_for_nodes = partial(client.request, "GET", NODES.path(), query=one)
        ask_for_quotas = partial(client.request, "GET", RESOURCE_QUOTAS.path(namespace), query=one)
        self._sight_of_nodes = OptionalInformer(nodes, ask_for_nodes, clock=clock, on_change=self._touch)
        self._sight_of_quotas = OptionalInformer(quotas, ask_for_quotas, clock=clock, on_change=self._touch)
        ask = partial(client.request, "GET", "/readyz", timeout=ASK_TIMEOUT)
        self._reachability = Reachability(ask, clock=clock, on_change=self._touch)

        self._touched = asyncio.Event()
        self._seen = HostState(Sight.UNKNOWN)

    @property
    def state(self) -> HostState:
        sight = self._sight_of_nodes.sight
        nodes = [node for _, node in sorted(self._nodes.known.items())] if sight is Sight.VISIBLE else []
        return HostState(sight, tuple(nodes), self._quota(), self._reachability.trouble or "")

    @property
    def is_settled(self) -> bool:
        """Whether `state` is the result of having looked, at all there is to be seen or at an API that is gone."""
        sights = {self._sight_of_nodes.sight, self._sight_of_quotas.sight}
        trouble = self._reachability.trouble
        return bool(trouble) or (trouble is not None and Sight.UNKNOWN not in sights)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._reachability.run())
            group.create_task(self._sight_of_nodes.run())
            group.create_task(self._sight_of_quotas.run())

    async def changed(self) -> HostState:
        """Wait for something new; at most one task may."""
        await self._touched.wait()
        await self._clock.sleep(COALESCE_SECONDS)
        self._touched.clear()
        state = self.state
        self._tell(state)
        return state

    def _quota(self) -> Resources | None:
        match self._sight_of_quotas.sight:
            case Sight.UNKNOWN:
                return None
            case Sight.FORBIDDEN:
                return {}
            case Sight.VISIBLE:
                return quota_limits(hard for hard in self._quotas.known.values() if hard is not None)

    def _touch(self) -> None:
        self._touched.set()

    def _tell(self, state: HostState) -> None:
        before, self._seen = self._seen, state
        if state.trouble and state.trouble != before.trouble:
            log.warning("host unreachable", trouble=state.trouble, detail=self._reachability.detail)
        elif before.trouble and not state.trouble:
            log.info("host reachable")
        if state.sight is Sight.FORBIDDEN is not before.sight:
            remedy = "let the provider get, list and watch nodes, or tell it what to assume"
            log.warning(
                "host nodes may not be listed",
                effect="their room and nodeInfo are assumed, and they cannot be mirrored",
                remedy=remedy,
            )
