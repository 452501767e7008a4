"""From a `Cluster` to a pod that runs in it, on a node that has the images: one at a time, and five at once."""

import asyncio
import base64
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.crowd import LIMIT, connected, until, watched
from benchmarks.report import Result, at_most
from kube.client import Client
from kube.errors import ApiError, NotFound
from kube.objects import Object
from kube.resources import PODS, SECRETS
from sandbox.session import HostCluster, session
from tests.made_cluster import install
from vk_provider.controller.resources import API_VERSION, CLUSTERS

ROUNDS, CROWD = 3, 5
LOOK = 0.2  # seconds between looks
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "first"},
    "spec": {"containers": [{"name": "main", "image": "busybox", "command": ["sleep", "3600"]}]},
}


def results() -> list[Result]:
    with TemporaryDirectory() as folder, session(Path(folder)) as servers:
        host = servers.host_cluster()
        install(host)
        return asyncio.run(_measure(host, Path(folder)))


async def _measure(host: HostCluster, folder: Path) -> list[Result]:
    async with await connected(host.kubeconfig) as client:
        alone = [await _lives(client, host, [f"alone-{number}"], folder) for number in range(ROUNDS)]
        crowd = await _lives(client, host, [f"crowd-{number}" for number in range(CROWD)], folder)
    return [
        Result("Cluster created to a pod Running in it", median(alone), at_most(15), unit="s"),
        Result(f"{CROWD} of them at once, all", crowd, at_most(40), unit="s"),
    ]


async def _lives(client: Client, host: HostCluster, names: list[str], folder: Path) -> float:
    """Seconds until a pod runs in each of these virtual clusters, which are gone afterwards."""
    namespaces = {name: host.create_namespace("bench") for name in names}
    async with asyncio.timeout(LIMIT):
        began = time.monotonic()
        await asyncio.gather(*(_born(client, namespace, name, folder) for name, namespace in namespaces.items()))
        took = time.monotonic() - began
        for name, namespace in namespaces.items():
            await client.delete(CLUSTERS, name, namespace)
        for name, namespace in namespaces.items():
            await _until_gone(client, name, namespace)
            host.delete_namespace(namespace)
    return took


async def _born(client: Client, namespace: str, name: str, folder: Path) -> None:
    body = {"apiVersion": API_VERSION, "kind": "Cluster", "metadata": {"name": name, "namespace": namespace}}
    await client.create(CLUSTERS, body)
    kubeconfig = folder / f"{namespace}.yaml"
    kubeconfig.write_bytes(await _kubeconfig(client, name, namespace))
    async with await connected(kubeconfig) as tenant:
        await _created(tenant)
        async with watched(tenant, PODS, "default") as pods:
            await until(lambda: any(map(_is_running, pods.store.values())), f"the pod of {name} to run")


async def _kubeconfig(client: Client, name: str, namespace: str) -> bytes:
    while True:
        try:
            secret = await client.get(SECRETS, f"k3k-{name}-kubeconfig", namespace)
            return base64.b64decode(secret.decode("data")["kubeconfig.yaml"])
        except ApiError:
            await asyncio.sleep(LOOK)


async def _created(tenant: Client) -> None:
    """Create the pod as soon as that is possible at all."""
    while True:
        try:
            await tenant.create(PODS, POD, "default")
        except ApiError:
            await asyncio.sleep(LOOK)
        else:
            return


async def _until_gone(client: Client, name: str, namespace: str) -> None:
    with suppress(NotFound):
        while True:
            await client.get(CLUSTERS, name, namespace)
            await asyncio.sleep(LOOK)


def _is_running(pod: Object) -> bool:
    return bool(pod.decode("status").get("phase") == "Running")
