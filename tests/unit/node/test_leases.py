from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry

from kube.client import PatchType
from kube.errors import Answer, ApiError, Unreachable, error_from_status
from kube.metrics import Metrics
from kube.objects import Object, Status
from kube.resources import Resource
from node.leases import LEASE_SECONDS, RENEW_SECONDS, Leases, lease_of
from tests.unit.node.hosts import Json, obj
from tests.unit.node.running import running
from tests.virtual_clock import VirtualClock, settle


class Api:
    """The Leases of a virtual cluster, and when each was written."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.leases: dict[str, Mapping[str, Any]] = {}
        self.written: list[float] = []
        self.failure: ApiError | None = None

    async def patch(
        self,
        resource: Resource,
        name: str,
        body: Mapping[str, Any],
        namespace: str | None = None,
        *,
        patch_type: PatchType,
    ) -> Object:
        assert patch_type is PatchType.MERGE
        if self.failure is not None:
            raise self.failure
        if name not in self.leases:
            raise error_from_status("PATCH", resource.path(namespace, name), Answer(404), Status())
        return self.put(name, body)

    async def create(self, resource: Resource, body: Mapping[str, Any], namespace: str | None = None) -> Object:
        assert resource.path(namespace) == "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        return self.put(body["metadata"]["name"], body)

    def put(self, name: str, body: Mapping[str, Any]) -> Object:
        self.leases[name] = body
        self.written.append(self.clock.now())
        return obj(body)


class World:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.api = Api(self.clock)
        self.leases = Leases(self.api, self.clock, Metrics(CollectorRegistry()))

    def lease(self, name: str) -> Json:
        return dict(self.api.leases[name])


def test_a_lease_belongs_to_its_node() -> None:
    assert lease_of("virtual", "n1", datetime(2026, 1, 1, 12, microsecond=7, tzinfo=UTC)) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": "virtual",
            "namespace": "kube-node-lease",
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "virtual", "uid": "n1"}],
        },
        "spec": {
            "holderIdentity": "virtual",
            "leaseDurationSeconds": 40,
            "renewTime": "2026-01-01T12:00:00.000007Z",
        },
    }


async def test_a_lease_is_made_at_once_and_renewed_every_ten_seconds() -> None:
    world = World()
    async with running(world.leases.run()):
        world.leases.keep("virtual", "n1")
        await world.clock.advance(100)
        pauses = [later - earlier for earlier, later in zip(world.api.written, world.api.written[1:], strict=False)]
        assert world.api.written[0] == 0
        assert len(pauses) >= 10
        assert all(0.9 * RENEW_SECONDS <= pause <= RENEW_SECONDS for pause in pauses)
        assert len(set(pauses)) > 1, "nodes that began together do not go on together"


async def test_keeping_what_is_kept_costs_nothing() -> None:
    world = World()
    async with running(world.leases.run()):
        for _ in range(3):
            world.leases.keep("virtual", "n1")
            await settle()
        assert len(world.api.written) == 1


async def test_the_lease_goes_over_to_the_successor_of_a_node_at_once() -> None:
    world = World()
    async with running(world.leases.run()):
        world.leases.keep("virtual", "n1")
        await settle()
        world.leases.keep("virtual", "n2")
        await settle()
        assert world.lease("virtual")["metadata"]["ownerReferences"][0]["uid"] == "n2"
        await world.clock.advance(RENEW_SECONDS)
        assert len(world.api.written) == 3


async def test_a_lease_that_somebody_deleted_comes_back() -> None:
    world = World()
    async with running(world.leases.run()):
        world.leases.keep("virtual", "n1")
        await settle()
        del world.api.leases["virtual"]
        await world.clock.advance(RENEW_SECONDS)
        assert world.lease("virtual")["spec"]["holderIdentity"] == "virtual"


async def test_a_lease_that_is_dropped_is_left_to_its_fate() -> None:
    world = World()
    async with running(world.leases.run()):
        world.leases.keep("virtual", "n1")
        world.leases.keep("other", "n2")
        await settle()
        world.leases.drop("virtual")
        world.api.leases.clear()
        await world.clock.advance(3 * RENEW_SECONDS)
        assert list(world.api.leases) == ["other"]


async def test_a_failed_renewal_is_repeated_long_before_the_lease_is_over() -> None:
    world = World()
    async with running(world.leases.run()):
        world.leases.keep("virtual", "n1")
        await settle()
        world.api.failure = Unreachable("PATCH", "/", "connection refused")
        await world.clock.advance(LEASE_SECONDS)
        world.api.failure = None
        await world.clock.advance(5)
        assert world.api.written[-1] > LEASE_SECONDS
