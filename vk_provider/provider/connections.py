"""The provider's clients: of its processes of one cluster, only the one that leads changes anything.

A standby reads all that the leader reads, and serves the kubelet API; so what that needs is never held back.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kube.client import Client
from kube.connection import Credentials
from kube.credentials import load_kubeconfig
from kube.leader_election import LeaderElector, LeaseTiming, process_identity
from kube.metrics import Metrics
from vk_provider.program import PROGRAM, host_credentials, user_agent
from vk_provider.provider.settings import ProviderSettings

# A standby leads within 13 s of the last sign of a leader that was killed, and within half a second of one that ended
# well. A leader has two attempts of 4.5 s at a slow host API, and 3 s to stop once it has lost its Lease. Every
# cluster's provider renews one all the time, hence not more often; to look is cheap, and only standbys do.
TIMING = LeaseTiming(lease_duration=12, renew_deadline=9.0, renew_period=2.5, retry_period=0.5)


@dataclass(frozen=True, slots=True)
class Connections:
    host: Client
    virtual: Client
    host_writer: Client  # writes through these two leave only while this process leads
    virtual_writer: Client
    elector: LeaderElector


@asynccontextmanager
async def connections(settings: ProviderSettings, metrics: Metrics) -> AsyncIterator[Connections]:
    """Yield the clients, which are closed afterwards; raises CredentialsError."""
    to_host = await host_credentials(settings.host_kubeconfig)
    to_virtual = await load_kubeconfig(settings.virtual_kubeconfig)
    metrics.certificate("virtual client", to_virtual.expires)
    async with _client(to_host, metrics, "lease") as leases:
        elector = LeaderElector(leases, settings.lease, settings.lease_identity or process_identity(), timing=TIMING)
        metrics.elector(PROGRAM, elector)
        may_write = elector.is_leader
        async with (
            _client(to_host, metrics, "host") as host,
            _client(to_virtual, metrics, "virtual") as virtual,
            _client(to_host, metrics, "host", may_write) as host_writer,
            _client(to_virtual, metrics, "virtual", may_write) as virtual_writer,
        ):
            yield Connections(host, virtual, host_writer, virtual_writer, elector)


def _client(
    credentials: Credentials, metrics: Metrics, server: str, may_write: Callable[[], bool] | None = None
) -> Client:
    return Client(
        credentials,
        user_agent=user_agent(),
        field_manager=PROGRAM,
        observer=metrics.client(server),
        may_write=may_write,
    )
