"""How our daemons present themselves to API servers and to whoever watches them."""

from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, disable_created_metrics

from kube.credentials import Credentials, load_in_cluster, load_kubeconfig

PROGRAM = "vk-provider"


def user_agent() -> str:
    return f"{PROGRAM}/{version(PROGRAM)}"


async def host_credentials(kubeconfig: str) -> Credentials:
    """Be let in by a kubeconfig or, without one, as the pod's own service account; raises CredentialsError."""
    return await load_kubeconfig(Path(kubeconfig)) if kubeconfig else load_in_cluster()


def describe_process(registry: CollectorRegistry) -> None:
    """Tell Prometheus which version this is, and what of the machine it takes."""
    # When each series began is nothing that anybody looks at, and would be a third more of them.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    ProcessCollector(registry=registry)
    info = Gauge("vkp_build_info", "1, with the version as a label", ["version"], registry=registry)
    info.labels(version(PROGRAM)).set(1)
