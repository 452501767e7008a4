"""Which parts a provider is made of, and how they know each other."""

import asyncio

import structlog
from prometheus_client import CollectorRegistry

from kube.client import Client
from kube.clock import Clock, SystemClock
from kube.duties import Duties
from kube.event_recorder import EventRecorder
from kube.metrics import Metrics
from node.host import Address
from node.host_watch import HostWatch
from node.kubelet.access import Access
from node.kubelet.access_reviews import AccessReviews
from node.kubelet.authentication import ClientCertificates
from node.kubelet.bearer_tokens import BearerTokens
from node.kubelet.limits import Limits
from node.kubelet.server import KubeletServer
from node.kubelet.serving_tls import ServingTls
from node.registration import Registration
from node.single_node import SingleNode
from reflectors.lag import Lags
from reflectors.sides import Sides
from vk_provider.health import HealthServer
from vk_provider.program import PROGRAM, describe_process
from vk_provider.provider.connections import connections
from vk_provider.provider.directory import Directory
from vk_provider.provider.reflection import Reflection, reflect
from vk_provider.provider.settings import ProviderSettings

log = structlog.get_logger()


async def run_provider(settings: ProviderSettings, clock: Clock | None = None) -> None:
    """Be the node of one virtual cluster until cancelled. Raises CredentialsError when files for that are no good."""
    registry = CollectorRegistry()
    metrics, clock = Metrics(registry), clock or SystemClock()
    tls = ServingTls(settings.kubelet_certificate, settings.kubelet_key, settings.kubelet_client_ca, clock)
    metrics.certificate("kubelet serving", tls.expires)
    progress = Progress()
    health = HealthServer(settings.health_bind, settings.health_port, registry=registry, not_ready=progress.missing)
    describe_process(registry)
    async with connections(settings, metrics) as to, asyncio.TaskGroup() as group:
        group.create_task(health.run(), name="health")
        duties = Duties()
        recorder = EventRecorder(to.virtual_writer, PROGRAM, clock)
        metrics.recorder(PROGRAM, recorder)
        group.create_task(duties.whenever_leading(recorder.run), name="events")
        sides = Sides(to.host_writer, to.virtual_writer, recorder, settings.node, duties.whenever_leading)
        reflection = await reflect(settings, sides, clock, metrics=metrics, lags=Lags(registry, clock))
        kubelet = KubeletServer(
            Directory(reflection.pods),
            to.host,
            node=settings.node,
            clock=clock,
            access=_access(settings, to.virtual, tls, clock),
            tls=tls,
            registry=registry,
            address=settings.kubelet_bind,
            port=settings.kubelet_port,
            limits=Limits(streams=settings.max_streams, drain_seconds=settings.drain_seconds),
        )
        group.create_task(kubelet.run(), name="kubelet API")
        await kubelet.listening_port()
        chosen = settings.host_node_selector
        registration = Registration(
            to.virtual_writer,
            HostWatch(to.host, settings.host_namespace, node_selector=chosen, clock=clock, metrics=metrics),
            _plan(settings),
            clock=clock,
            metrics=metrics,
            whenever_leading=duties.whenever_leading,
        )
        progress.follow(reflection, registration)
        group.create_task(reflection.run(), name="reflection")
        group.create_task(registration.run(), name="nodes")
        # Not sooner: whoever cannot reach both clusters is no use as a leader.
        group.create_task(to.elector.run(duties.lead), name="leader election")
        log.info("provider started", cluster=settings.cluster, node=settings.node)


class Progress:
    """What /readyz has to say."""

    def __init__(self) -> None:
        self._followed: tuple[Reflection, Registration] | None = None

    def follow(self, reflection: Reflection, registration: Registration) -> None:
        self._followed = reflection, registration

    def missing(self) -> list[str]:
        """Return what is not done yet; empty once the provider does its work."""
        if self._followed is None:
            return ["the API servers of both clusters have not answered yet"]
        reflection, registration = self._followed
        missing = []
        if not reflection.pods.synced:
            missing.append("pods of both clusters have not been read yet")
        if not registration.is_complete:
            missing.append("the node is not registered yet")
        return missing


def _access(settings: ProviderSettings, virtual: Client, tls: ServingTls, clock: Clock) -> Access:
    return Access(
        authenticators=(ClientCertificates(tls, clock), BearerTokens(virtual, clock)),
        authorizer=AccessReviews(virtual, clock, node=settings.node),
        health_for_all=settings.kubelet_anonymous_health,
    )


def _plan(settings: ProviderSettings) -> SingleNode:
    return SingleNode(
        name=settings.node,
        identity=f"{settings.host_namespace}/{settings.cluster}",
        addresses=(Address("InternalIP", settings.kubelet_address), Address("Hostname", settings.node)),
        kubelet_port=settings.kubelet_port,
    )
