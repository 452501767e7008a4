"""The kubelets of host nodes, asked through the host's API server where the provider may do that."""

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from kube.calls import Query
from kube.client import Client
from kube.clock import Clock
from kube.errors import ApiError, Forbidden
from kube.resources import NODES

AT_ONCE = 8
ANSWER_LIMIT = 5.0  # seconds: Prometheus waits ten for us
FORBIDDEN_SECONDS = 600.0  # until a right that was lacking is tried again

log = structlog.get_logger()


class HostKubelets:
    def __init__(self, host: Client, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._forbidden_until: dict[str, float] = {}
        self._asking = asyncio.Semaphore(AT_ONCE)

    async def ask(self, nodes: Iterable[str], path: str, query: Query = ()) -> Mapping[str, bytes]:
        """What each kubelet answers; those that may not be asked, or do not answer, are missing."""
        now = self._clock.now()
        allowed = {node for node in nodes if node and self._forbidden_until.get(node, now) <= now}
        async with asyncio.TaskGroup() as group:
            asked = {node: group.create_task(self._ask(node, path, query)) for node in sorted(allowed)}
        return {node: answer for node, task in asked.items() if (answer := task.result()) is not None}

    async def _ask(self, node: str, path: str, query: Query) -> bytes | None:
        target = NODES.path(None, node, f"proxy/{path}")
        try:
            async with self._asking:
                return await self._host.request("GET", target, query=query, timeout=ANSWER_LIMIT)
        except Forbidden:
            self._forbidden_until[node] = self._clock.now() + FORBIDDEN_SECONDS
        except ApiError as error:
            log.warning("host kubelet not asked", node=node, path=path, error=str(error))
        return None
