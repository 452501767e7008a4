"""Pods in real containers, and how long it takes until something executed in one says a word."""

import time

import aiohttp

from kube.connection import Access
from tests.kubectl import Kubectl

STDOUT = 1  # of the channels that v4.channel.k8s.io tells apart


def start_pods(kubectl: Kubectl, script: str, *names: str) -> None:
    """Have a shell run the script in each, and wait until they do."""
    container = {"name": "app", "image": "busybox", "command": ["sh", "-c", script]}
    spec = {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0, "containers": [container]}
    kubectl.apply(*({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec} for name in names))
    kubectl.wait_for("condition=Ready", *(f"pod/{name}" for name in names))


async def first_byte(http: aiohttp.ClientSession, access: Access, namespace: str, pod: str) -> float:
    """Seconds until a command says something, on a connection of its own and without the time that kubectl takes."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/exec?command=echo&command=here&stdout=true&container=app"
    began = time.perf_counter()
    async with http.ws_connect(access.server + path, protocols=["v4.channel.k8s.io"], ssl=access.tls or True) as socket:
        async for message in socket:
            if message.data[0] == STDOUT and len(message.data) > 1:
                return time.perf_counter() - began
    raise RuntimeError(f"exec in {pod} ended without a word")
