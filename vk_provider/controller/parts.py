"""Which parts a controller is made of, and how they know each other."""

import asyncio
import random

import structlog
from prometheus_client import CollectorRegistry

from kube.backoff import Backoff
from kube.client import Client
from kube.clock import Clock, SystemClock
from kube.connection import Credentials
from kube.errors import ApiError
from kube.event_recorder import EventRecorder
from kube.leader_election import LeaderElector, process_identity
from kube.metrics import Metrics
from kube.objects import Key
from kube.reconciler import Limits, Reconciler
from kube.work_queue import WorkQueue
from vk_provider.controller.cluster_metrics import ClusterMetrics
from vk_provider.controller.host_facts import look_at_host
from vk_provider.controller.host_world import HostWorld
from vk_provider.controller.installation import Installation
from vk_provider.controller.named_secrets import NamedSecrets
from vk_provider.controller.reconciler import ClusterReconciler, Tools
from vk_provider.controller.reporting import Reporting
from vk_provider.controller.settings import ControllerSettings
from vk_provider.controller.virtual_sides import VirtualSides
from vk_provider.health import HealthServer
from vk_provider.program import describe_process, host_credentials, user_agent

COMPONENT = "vk-provider-controller"  # as whom it writes, and tells events
RETRIES = Backoff(base=0.1, cap=60)
_PATIENCE = Backoff(base=0.5, cap=10)

log = structlog.get_logger()


async def run_controller(settings: ControllerSettings) -> None:
    """Look after Clusters whenever this process leads, until cancelled. Raises CredentialsError."""
    registry = CollectorRegistry()
    metrics, clock = Metrics(registry), SystemClock()
    credentials = await host_credentials(settings.host_kubeconfig)
    describe_process(registry)
    # Whoever does not lead is as ready as can be: it takes over when the one that does goes.
    health = HealthServer(settings.health_bind, settings.health_port, registry=registry, not_ready=list)
    lease = Key(settings.lease_namespace, settings.lease_name)
    async with _client(credentials, metrics) as client, asyncio.TaskGroup() as group:
        group.create_task(health.run(), name="health")
        elector = LeaderElector(client, lease, process_identity())
        metrics.elector(COMPONENT, elector)
        leadership = Leadership(settings, credentials, elector, clock, metrics)
        registry.register(leadership.clusters)
        group.create_task(elector.run(leadership.run), name="leader election")


class Leadership:
    """What is done by the one process that leads."""

    def __init__(
        self,
        settings: ControllerSettings,
        credentials: Credentials,
        elector: LeaderElector,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.clusters = ClusterMetrics()
        self._settings = settings
        self._credentials = credentials
        self._elector = elector
        self._clock = clock
        self._metrics = metrics

    async def run(self) -> None:
        client = Client(
            self._credentials,
            user_agent=user_agent(),
            field_manager=COMPONENT,
            observer=self._metrics.client("host"),
            may_write=self._elector.is_leader,
        )
        async with client, asyncio.TaskGroup() as group:
            installation = await self._look_at_host(client)
            queue: WorkQueue[Key] = WorkQueue(self._clock, partition=str, backoff=RETRIES)
            recorder = EventRecorder(client, COMPONENT, self._clock)
            self._metrics.recorder(COMPONENT, recorder)
            world = HostWorld(client, self._settings.namespaces, self._clock, self._metrics)
            tools = Tools(
                client=client,
                world=world,
                secrets=NamedSecrets(client, self._clock, queue.add),
                sides=VirtualSides(self._clock, queue.add, self._metrics.client("virtual")),
                reporting=Reporting(client, world.clusters, recorder, self._clock),
                installation=installation,
                clock=self._clock,
            )
            for part in (recorder, world, tools.secrets, tools.sides):
                group.create_task(part.run(), name=type(part).__name__)
            await world.wait_synced()
            world.tell(queue.add)
            log.info("controller leads", host_version=installation.host_version, service_cidr=installation.service_cidr)
            with self.clusters.following(world.clusters):
                await self._reconciler(queue, ClusterReconciler(tools)).run()

    def _reconciler(self, queue: WorkQueue[Key], clusters: ClusterReconciler) -> Reconciler[Key]:
        limits = Limits(workers=self._settings.workers)
        observers = [self._metrics.reconciler("clusters", queue)]
        return Reconciler("clusters", queue, clusters.reconcile, limits=limits, observers=observers)

    async def _look_at_host(self, client: Client) -> Installation:
        failures = 0
        while True:
            try:
                return await look_at_host(client, self._settings)
            except ApiError as error:
                failures += 1
                log.warning("waiting for the host's API", error=str(error))
                await self._clock.sleep(_PATIENCE.delay(failures, random.random))


def _client(credentials: Credentials, metrics: Metrics) -> Client:
    """Make the elector's own client: it may always write, and nothing else queues on it."""
    return Client(credentials, user_agent=user_agent(), field_manager=COMPONENT, observer=metrics.client("lease"))
