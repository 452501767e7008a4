"""What has to be done about servers that go for good: their place in etcd before, their claims afterwards."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from kube.objects import Object
from reflectors.translation.json_values import Json
from vk_provider.controller import pki
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.etcd_members import Server, dismiss
from vk_provider.controller.known import Known
from vk_provider.controller.membership import is_etcd
from vk_provider.controller.names import Names

_NUMBER = re.compile(r"-(\d+)")

log = structlog.get_logger()


async def let_go(cluster: Cluster, known: Known, leaving: Sequence[str], pods: Iterable[Object], now: datetime) -> None:
    """Take servers out of the others' etcd, if they have one, so that their pods may go. Raises GrpcError."""
    names = Names(cluster.name, cluster.namespace)
    files = known.files(names.authorities)
    if not leaving or not files or not is_etcd(cluster, known, names):
        return
    staying = [str(pod.decode("status").get("podIP") or "") for pod in pods if pod.name not in leaving]
    servers = [Server(pod, known.cluster_ip(pod)) for pod in leaving]
    authority = pki.authority(files, pki.ETCD_SERVER_CA)
    for member in await dismiss(servers, [address for address in staying if address], authority, now):
        log.info("etcd member removed", namespace=cluster.namespace, cluster=cluster.name, member=member.name)


def replicas_in(objects: Iterable[Json]) -> int | None:
    """Return how many servers there are to be now; None while nothing is said of them."""
    return next((body["spec"]["replicas"] for body in objects if body["kind"] == "StatefulSet"), None)


def surplus(claims: Iterable[Object], names: Names, replicas: int, pods: Iterable[Object]) -> list[Object]:
    """Return the claims of servers that are no more: one that joins again must not bring what it knew before."""
    there = {pod.name for pod in pods}
    return [claim for claim in claims if (pod := _pod_of(claim, names)) and _is_gone(pod, names, replicas, there)]


def _is_gone(pod: str, names: Names, replicas: int, there: set[str]) -> bool:
    return pod not in there and int(pod.removeprefix(f"{names.servers}-")) >= replicas


def _pod_of(claim: Object, names: Names) -> str:
    """Return the pod that a claim was made for, as StatefulSets name these; empty if it was for none."""
    _, found, number = claim.name.rpartition(names.servers)
    return names.servers + number if found and _NUMBER.fullmatch(number) else ""
