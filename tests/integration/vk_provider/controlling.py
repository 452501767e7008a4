"""A controller on a real API server without a kubelet: what it makes can be seen, and nothing of it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kube.client import Client
from kube.errors import AlreadyExists, NotFound
from kube.objects import Object
from kube.resources import EVENTS, SECRETS, Resource
from tests.cluster_fixtures import Api
from tests.eventually import eventually_true
from tests.integration.kube.following import connected
from vk_provider.controller.host_world import MADE
from vk_provider.controller.parts import run_controller
from vk_provider.controller.resources import CLUSTERS
from vk_provider.controller.settings import ControllerSettings, controller_settings
from vk_provider.install.crds import crds

CRDS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
Json = dict[str, Any]


@dataclass(frozen=True)
class Author:
    """Somebody who creates Clusters, and looks at what becomes of them past all caches."""

    client: Client
    namespace: str
    kubeconfig: Path

    async def create(self, name: str = "demo", **spec: Any) -> Object:
        body = {
            "apiVersion": CLUSTERS.api_version,
            "kind": CLUSTERS.kind,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec,
        }
        return await self.client.create(CLUSTERS, body)

    async def secret(self, name: str, **content: str) -> Object:
        body = {"metadata": {"name": name}, "stringData": content}
        return await self.client.create(SECRETS, body, self.namespace)

    async def cluster(self, name: str = "demo") -> Object | None:
        try:
            return await self.client.get(CLUSTERS, name, self.namespace)
        except NotFound:
            return None

    async def status(self, name: str = "demo") -> Json:
        cluster = await self.cluster(name)
        return {} if cluster is None else cluster.decode("status") or {}

    async def condition(self, kind: str, name: str = "demo") -> Json:
        conditions = (await self.status(name)).get("conditions") or ()
        return next((each for each in conditions if each["type"] == kind), {})

    async def phase(self, name: str = "demo") -> str:
        return str((await self.status(name)).get("phase", ""))

    async def made(self) -> dict[tuple[str, str], Object]:
        """All objects in the namespace of the kinds that the controller makes."""
        listings = [await self.client.list(resource, self.namespace) for resource in MADE]
        return {(obj.kind, obj.name): obj for listing in listings for obj in listing.objects if not _is_hosts(obj)}

    async def events(self) -> list[tuple[str, str]]:
        """Reason and message of what was told of Clusters."""
        told = (await self.client.list(EVENTS, self.namespace)).objects
        return [
            (event.decode("reason", str) or "", event.decode("message", str) or "")
            for event in told
            if event.decode("involvedObject")["kind"] == CLUSTERS.kind
        ]

    def settings(self, *arguments: str, kubeconfig: Path | None = None) -> ControllerSettings:
        return controller_settings(
            [
                f"--host-kubeconfig={kubeconfig or self.kubeconfig}",
                f"--namespaces={self.namespace}",
                f"--lease-namespace={self.namespace}",
                "--provider-image=vk-provider:test",
                "--health-port=0",
                *arguments,
            ]
        )

    @asynccontextmanager
    async def controlled(self, *arguments: str, kubeconfig: Path | None = None) -> AsyncIterator[asyncio.Task[None]]:
        """A controller for the length of a block, unless it is ended before."""
        async with asyncio.TaskGroup() as group:
            running = group.create_task(run_controller(self.settings(*arguments, kubeconfig=kubeconfig)))
            yield running
            running.cancel()


@asynccontextmanager
async def author(api: Api) -> AsyncIterator[Author]:
    async with connected(api.kubeconfig) as client:
        await install_definitions(client)
        yield Author(client, api.namespace, api.kubeconfig)


async def install_definitions(client: Client) -> None:
    """Make our kinds known to an API server that may know them already."""
    for definition in crds(rules=False):
        with suppress(AlreadyExists):
            await client.create(CRDS, definition)

    async def served() -> bool:
        try:
            await client.list(CLUSTERS, "default")
        except NotFound:
            return False
        return True

    await eventually_true(served, "Clusters to be served")


def _is_hosts(obj: Object) -> bool:
    """Whether Kubernetes puts it into every namespace."""
    return obj.name in ("kube-root-ca.crt", "default") or obj.name.startswith("default-token-")
