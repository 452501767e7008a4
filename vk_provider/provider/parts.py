"""Which parts a provider is made of, and how they know each other."""

import asyncio
import itertools
import random
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Gauge

from kube.backoff import Backoff
from kube.client import Client
from kube.clock import SystemClock
from kube.connection import Credentials
from kube.credentials import load_in_cluster, load_kubeconfig
from kube.discovery import Discovery
from kube.errors import ApiError
from kube.event_recorder import EventRecorder
from kube.informer import Informer, Timing
from kube.metrics import Metrics
from kube.resources import NAMESPACES
from node.host import Address
from node.host_watch import HostWatch
from node.kubelet.server import KubeletServer
from node.kubelet.serving_tls import ServingTls
from node.registration import Registration
from node.single_node import SingleNode
from reflectors.host_events import HostEvents
from reflectors.pods import PodReflector
from reflectors.service_reflectors import service_reflectors
from reflectors.services import LiveServices
from reflectors.sides import Sides
from reflectors.surroundings import Surroundings, Tools
from reflectors.sync_settings import SyncSettings
from reflectors.translation.context import ApiServer, Context, Version
from reflectors.workloads import Workloads
from vk_provider.health import HealthServer
from vk_provider.provider.directory import Directory, NamespaceLabels
from vk_provider.provider.grants import allowed
from vk_provider.provider.settings import ProviderSettings

PROGRAM = "vk-provider"
_PATIENCE = Backoff(base=0.2, cap=5.0)

log = structlog.get_logger()


async def run_provider(settings: ProviderSettings) -> None:
    """Be the node of one virtual cluster until cancelled. Raises CredentialsError when files for that are no good."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    clock = SystemClock()
    tls = ServingTls(settings.kubelet_certificate, settings.kubelet_key, settings.kubelet_client_ca, clock)
    host_credentials = await _host_credentials(settings)
    virtual_credentials = await load_kubeconfig(settings.virtual_kubeconfig)
    async with (
        _client(host_credentials, metrics, "host") as host,
        _client(virtual_credentials, metrics, "virtual") as virtual,
    ):
        namespaces = Informer(virtual, NAMESPACES, timing=Timing(clock=clock))
        live = LiveServices()
        context = replace(await _context(settings, host, virtual, NamespaceLabels(namespaces)), services=live)
        recorder = EventRecorder(virtual, PROGRAM, clock)
        sides = Sides(host, virtual, recorder, settings.node)
        sync = SyncSettings(sides, settings.host_namespace, settings.sync_config_map, clock=clock)
        surroundings = Surroundings(Tools(sides, context, clock, metrics), sync, namespaces)
        context = replace(context, priority_classes=surroundings.priority_classes)
        workloads = Workloads(
            sides,
            context,
            sync,
            surroundings.copies,
            nodes={settings.node},
            clock=clock,
            workers=settings.workers,
            metrics=metrics,
        )
        surroundings.ask(workloads.demand)
        services = await service_reflectors(sides, context, live, sync, clock=clock, metrics=metrics)
        pods = workloads.pods
        pairs = {**workloads.pairs, **surroundings.pairs, **services.pairs}
        events = HostEvents(host, virtual, context, pairs=pairs, clock=clock, metrics=metrics)
        watch = HostWatch(host, settings.host_namespace, node_selector=settings.host_node_selector, clock=clock)
        registration = Registration(virtual, watch, _plan(settings), clock=clock)
        kubelet = KubeletServer(
            Directory(pods),
            host,
            tls=tls,
            registry=registry,
            address=settings.kubelet_bind,
            port=settings.kubelet_port,
            max_streams=settings.max_streams,
        )

        def not_ready() -> list[str]:
            return _missing(pods, registration)

        health = HealthServer(settings.health_bind, settings.health_port, registry=registry, not_ready=not_ready)
        metrics.informer("namespaces", namespaces)
        metrics.recorder(PROGRAM, recorder)
        _build_info(registry)
        async with asyncio.TaskGroup() as group:
            group.create_task(health.run(), name="health")
            group.create_task(recorder.run(), name="events")
            group.create_task(namespaces.run(), name="namespaces")
            group.create_task(sync.run(), name="sync settings")
            group.create_task(kubelet.run(), name="kubelet API")
            # Pods that were there before us must not be judged by namespaces and Services that we have not seen yet.
            await namespaces.wait_synced()
            await sync.wait_synced()
            group.create_task(services.run(), name="services")
            await services.services.wait_known()
            await kubelet.listening_port()
            group.create_task(surroundings.run(), name="surroundings")
            group.create_task(events.run(), name="host events")
            group.create_task(registration.run(), name="nodes")
            await surroundings.wait_known()
            group.create_task(workloads.run(), name="workloads")
            log.info("provider started", cluster=settings.cluster, node=settings.node)


def _client(credentials: Credentials, metrics: Metrics, server: str) -> Client:
    return Client(
        credentials,
        user_agent=f"{PROGRAM}/{version(PROGRAM)}",
        field_manager=PROGRAM,
        observer=metrics.client(server),
    )


async def _host_credentials(settings: ProviderSettings) -> Credentials:
    if settings.host_kubeconfig:
        return await load_kubeconfig(Path(settings.host_kubeconfig))
    return load_in_cluster()


async def _context(settings: ProviderSettings, host: Client, virtual: Client, namespaces: NamespaceLabels) -> Context:
    return Context(
        cluster=settings.cluster,
        host_namespace=settings.host_namespace,
        api_server=ApiServer(settings.api_server_ip, settings.api_server_port),
        host_version=await _version(host, "host"),
        virtual_version=await _version(virtual, "virtual"),
        cluster_domain=settings.cluster_domain,
        dns_address=settings.dns_address or None,
        allowed=allowed(settings.allow),
        namespaces=namespaces,
    )


async def _version(client: Client, side: str) -> Version:
    """Ask until an answer comes: a virtual API server may start later than we do."""
    for failures in itertools.count(1):
        try:
            return Version(*await Discovery(client).server_version())
        except ApiError as error:
            log.warning("waiting for API server", side=side, error=str(error))
            await asyncio.sleep(_PATIENCE.delay(failures, random.random))
    raise AssertionError("counting never ends")


def _plan(settings: ProviderSettings) -> SingleNode:
    return SingleNode(
        name=settings.node,
        identity=f"{settings.host_namespace}/{settings.cluster}",
        addresses=(Address("InternalIP", settings.kubelet_address), Address("Hostname", settings.node)),
        kubelet_port=settings.kubelet_port,
    )


def _missing(pods: PodReflector, registration: Registration) -> list[str]:
    missing = []
    if not pods.synced:
        missing.append("pods of both clusters have not been read yet")
    if not registration.is_complete:
        missing.append("the node is not registered yet")
    return missing


def _build_info(registry: CollectorRegistry) -> None:
    info = Gauge("vkp_build_info", "1, with the version as a label", ["version"], registry=registry)
    info.labels(version(PROGRAM)).set(1)
