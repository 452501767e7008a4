"""A virtual cluster whose node and pods are made by hand: our kubelet API before real containers, and nothing else.

The server has a thread of its own, since tests wait for kubectl in theirs.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Counter

from kube.certificates import KeyPair, Subject, issue
from kube.clock import SystemClock
from kube.codec import decode_object
from kube.objects import Object
from node.kubelet.access import Access
from node.kubelet.access_reviews import AccessReviews
from node.kubelet.authentication import ClientCertificates
from node.kubelet.pod_directory import HostPod
from node.kubelet.server import KubeletServer
from node.kubelet.serving_tls import ServingTls
from sandbox.session import ApiServer
from tests.integration.kube.following import connected
from tests.kubectl import Kubectl

NODE = "handmade"


@dataclass
class Directory:
    """What the pod reflector would know."""

    host_pods: dict[tuple[str, str], HostPod] = field(default_factory=dict)
    objects: list[Object] = field(default_factory=list)

    def host_pod(self, namespace: str, name: str, uid: str = "") -> HostPod | None:
        known = any((each.namespace, each.name) == (namespace, name) and uid in {"", each.uid} for each in self.objects)
        return self.host_pods[namespace, name] if known else None

    def virtual_pods(self) -> Iterable[Object]:
        return self.objects


@dataclass
class Tenant:
    """kubectl on both sides, in a namespace of its own each."""

    virtual: Kubectl
    host: Kubectl
    virtual_kubeconfig: Path
    virtual_namespace: str
    host_namespace: str
    directory: Directory

    def run(self, name: str, spec: Mapping[str, Any], *, until: str = "condition=Ready") -> None:
        """Have a pod on both sides, under different names."""
        on_host = f"{name}-on-the-host"
        self.host.apply(_pod(on_host, {**spec, "automountServiceAccountToken": False}))
        self.host.wait_for(until, f"pod/{on_host}")
        self.virtual.apply(_pod(name, {**spec, "nodeName": NODE}))
        running = self.host.get(f"pod/{on_host}")
        status = msgspec.json.encode({"status": running["status"]}).decode()
        self.virtual("patch", "pod", name, "--subresource=status", "--type=merge", "-p", status)
        containers = [each["name"] for each in spec["containers"]]
        node = running["spec"]["nodeName"]
        host_pod = HostPod(self.host_namespace, on_host, running["metadata"]["uid"], containers, node)
        self.directory.host_pods[self.virtual_namespace, name] = host_pod
        self.directory.objects.append(decode_object(self.virtual("get", "pod", name, "-o", "json").encode()))


@contextlib.contextmanager
def handmade_node(host: ApiServer, virtual: ApiServer, folder: Path) -> Iterator[Tenant]:
    directory = Directory()
    namespaces = virtual.create_namespace("kubelet"), host.create_namespace("kubelet")
    tenant = Tenant(
        Kubectl(virtual.kubectl, virtual.kubeconfig, namespaces[0]),
        Kubectl(host.kubectl, host.kubeconfig, namespaces[1]),
        virtual.kubeconfig,
        *namespaces,
        directory,
    )
    with _serving(directory, host, virtual, folder) as port:
        tenant.virtual.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
        status = {
            "addresses": [{"type": "InternalIP", "address": virtual.machine}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        patch = msgspec.json.encode({"status": status}).decode()
        tenant.virtual("patch", "node", NODE, "--subresource=status", "--type=merge", "-p", patch)
        try:
            yield tenant
        finally:
            tenant.virtual("delete", "node", NODE)
            virtual.delete_namespace(namespaces[0])
            host.delete_namespace(namespaces[1])


@contextlib.contextmanager
def _serving(directory: Directory, host: ApiServer, virtual: ApiServer, folder: Path) -> Iterator[int]:
    tls = _tls(virtual, folder)
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[None], int]] = Future()

    async def serve() -> None:
        registry = CollectorRegistry()
        Counter("handmade", "a metric of the daemon's", registry=registry).inc(42)
        async with (
            connected(host.kubeconfig) as client,
            connected(virtual.kubeconfig) as asked,
        ):
            clock = SystemClock()
            access = Access([ClientCertificates(tls, clock)], AccessReviews(asked, clock, node=NODE))
            server = KubeletServer(
                directory,
                client,
                node=NODE,
                clock=clock,
                access=access,
                tls=tls,
                registry=registry,
                address=virtual.machine,
                port=0,
            )
            running = asyncio.create_task(server.run())
            ready.set_result((asyncio.get_running_loop(), running, await server.listening_port()))
            with contextlib.suppress(asyncio.CancelledError):
                await running

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    loop, running, port = ready.result(timeout=30)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(running.cancel)
        thread.join(timeout=30)
        assert not thread.is_alive()


def _tls(virtual: ApiServer, folder: Path) -> ServingTls:
    authority = virtual.certificates / "ca.crt"
    pair = issue(
        KeyPair(authority.read_bytes(), (virtual.certificates / "ca.key").read_bytes()),
        Subject(f"system:node:{NODE}", ["system:nodes"]),
        usages=["server"],
        now=datetime.now(UTC),
        names=[virtual.machine],
    )
    certificate, key = folder / "kubelet.crt", folder / "kubelet.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    return ServingTls(certificate, key, authority, SystemClock())


def _pod(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {**spec, "terminationGracePeriodSeconds": 0},
    }
