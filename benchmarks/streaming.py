"""A pod in a real container, and how long it takes until something executed in it says a word."""

import time

import aiohttp

from kube.connection import Access
from tests.kubectl import Kubectl

STDOUT = 1  # of the channels that v4.channel.k8s.io tells apart


def start_pod(kubectl: Kubectl, name: str, script: str) -> None:
    """Have a shell run the script, and wait until it does."""
    container = {"name": "app", "image": "busybox", "command": ["sh", "-c", script]}
    spec = {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0, "containers": [container]}
    kubectl.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    kubectl.wait_for("condition=Ready", f"pod/{name}")


async def first_byte(http: aiohttp.ClientSession, access: Access, namespace: str, pod: str) -> float:
    """Seconds until a command says something, on a connection of its own and without the time that kubectl takes."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/exec?command=echo&command=here&stdout=true&container=app"
    began = time.perf_counter()
    async with http.ws_connect(access.server + path, protocols=["v4.channel.k8s.io"], ssl=access.tls or True) as socket:
        async for message in socket:
            if message.data[0] == STDOUT and len(message.data) > 1:
                return time.perf_counter() - began
    raise RuntimeError(f"exec in {pod} ended without a word")
