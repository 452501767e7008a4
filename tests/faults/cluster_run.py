"""One run against the controller: Clusters come, change and go while it is killed; then calm, then the verdict.

No kubelet runs what it makes. The Lease of a controller that was killed is taken away, so as not to wait until it has
run out: whoever led is certainly gone.
"""

import asyncio
import base64
import hashlib
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from benchmarks.crowd import connected, watched
from kube.client import Client, PatchType
from kube.errors import AlreadyExists, ApiError, NotFound
from kube.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    LEASES,
    NETWORK_POLICIES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
)
from kube.store import Change
from sandbox.session import ApiServer, Session
from tests.faults.cluster_churn import ClusterAction, ClusterChurn
from tests.faults.cluster_oracle import CONTROL_PLANE, Kept, cluster_violations
from tests.faults.disk import Disk, small_disk
from tests.faults.ordeal import Options, Report, servers, settle, strike_all, writes
from tests.faults.plan import Fault, Side
from tests.faults.process import Daemon
from tests.faults.striking import Striker
from tests.faults.tenant import until_done
from tests.faults.world import Violation
from tests.faulty_proxy import FaultyProxy
from tests.integration.vk_provider.controlling import install_definitions
from vk_provider.controller.resources import CLUSTERS

MADE = (
    SECRETS,
    CONFIG_MAPS,
    SERVICES,
    SERVICE_ACCOUNTS,
    ROLE_BINDINGS,
    STATEFUL_SETS,
    DEPLOYMENTS,
    NETWORK_POLICIES,
    PODS,
    PERSISTENT_VOLUME_CLAIMS,
)
LEASE = "vk-provider-controller"
PACE = 0.5  # seconds between two actions
ACTION_SECONDS = 90.0


@dataclass
class ClusterStage:
    client: Client
    namespace: str
    striker: Striker
    proxy: FaultyProxy
    kept: Kept = field(default_factory=Kept)

    async def do(self, action: ClusterAction) -> None:
        match action.verb:
            case "create":
                await self._create(action)
            case "update":
                await self._update(action)
            case "delete":
                await self._delete(action)
            case "recreate":
                await self._delete(action)
                await self._create(action)

    async def _create(self, action: ClusterAction) -> None:
        body = {
            "apiVersion": CLUSTERS.api_version,
            "kind": CLUSTERS.kind,
            "metadata": {"name": action.name, "namespace": self.namespace},
            "spec": action.spec,
        }

        async def create() -> bool:
            try:
                await self.client.create(CLUSTERS, body)
            except AlreadyExists:
                there = await self.client.get(CLUSTERS, action.name, self.namespace)
                return bool(there.decode("spec")["tlsSANs"] == action.spec["tlsSANs"])
            return True

        while True:
            with suppress(NotFound):  # it went between two calls
                await until_done(create)
                return

    async def _update(self, action: ClusterAction) -> None:
        async def update() -> bool:
            patch = {"spec": action.spec}
            await self.client.patch(CLUSTERS, action.name, patch, self.namespace, patch_type=PatchType.MERGE)
            return True

        await until_done(update)

    async def _delete(self, action: ClusterAction) -> None:
        async def delete() -> bool:
            with suppress(NotFound):
                await self.client.delete(CLUSTERS, action.name, self.namespace)
            return True

        await until_done(delete)

    async def violations(self, expected: dict[str, int]) -> list[Violation]:
        clusters = await self._objects(CLUSTERS.path(self.namespace), CLUSTERS.kind)
        made: list[dict[str, Any]] = []
        for resource in MADE:
            found = await self._objects(resource.path(self.namespace), resource.kind)
            made += [obj for obj in found if CONTROL_PLANE in (obj["metadata"].get("labels") or {})]
        return list(cluster_violations(clusters, [_decoded(obj) for obj in made], expected))

    async def _objects(self, path: str, kind: str) -> list[dict[str, Any]]:
        return [{**item, "kind": kind} for item in orjson.loads(await self.client.request("GET", path))["items"]]

    def on_change(self, change: Change) -> None:
        """See the Secrets that must not change."""
        secret = change.object
        owner = next((owner.uid for owner in secret.metadata.owner_references if owner.kind == CLUSTERS.kind), "")
        self.kept.see(owner, secret.name, hashlib.sha256(secret.raw("data") or b"").hexdigest())


def _decoded(obj: dict[str, Any]) -> dict[str, Any]:
    if obj["kind"] != "Secret":
        return obj
    texts = [base64.b64decode(value).decode(errors="replace") for value in (obj.get("data") or {}).values()]
    return {**obj, "decoded": texts}


@asynccontextmanager
async def cluster_stage(session: Session, folder: Path) -> AsyncIterator[ClusterStage]:
    async with servers(session, "faults-host") as (server,):
        namespace = server.create_namespace("clusters")
        with small_disk(folder / "controller-disk") as disk:
            async with _controlled(server, namespace, disk, folder) as stage:
                yield stage


@asynccontextmanager
async def _controlled(server: ApiServer, namespace: str, disk: Disk, folder: Path) -> AsyncIterator[ClusterStage]:
    async with (
        await connected(server.kubeconfig) as client,
        FaultyProxy(server.kubeconfig, folder) as proxy,
        watched(client, SECRETS, namespace) as secrets,
        asyncio.TaskGroup() as group,
    ):
        await install_definitions(client)
        daemon = _controller(proxy, namespace, disk)
        keeping = group.create_task(daemon.run(), name="controller")
        freeing = group.create_task(_free_the_lease(daemon, client, namespace), name="lease")
        striker = _striker(daemon, server, proxy, disk)
        stage = ClusterStage(client, namespace, striker, proxy)
        secrets.add_handler(stage)
        try:
            yield stage
        finally:
            keeping.cancel()
            freeing.cancel()


def _controller(proxy: FaultyProxy, namespace: str, disk: Disk) -> Daemon:
    command = [
        sys.executable,
        "-c",
        "from vk_provider.entry import main; main()",
        "controller",
        f"--host-kubeconfig={proxy.kubeconfig}",
        f"--namespaces={namespace}",
        f"--lease-namespace={namespace}",
        f"--lease-name={LEASE}",
        "--provider-image=vk-provider:test",
        "--health-port=0",
        "--log-format=json",
    ]
    return Daemon(command, disk.folder / "controller.log")


def _striker(daemon: Daemon, server: ApiServer, proxy: FaultyProxy, disk: Disk) -> Striker:
    servers, proxies = dict.fromkeys(Side, server), dict.fromkeys(Side, proxy)
    return Striker(daemon, servers, proxies, disk, jump=lambda _: None)


async def _free_the_lease(daemon: Daemon, client: Client, namespace: str) -> None:
    """Take the Lease away whenever the controller was started again."""
    starts = 0
    while True:
        await asyncio.sleep(0.2)
        if daemon.starts > starts:
            starts = daemon.starts
            with suppress(ApiError):  # its server is away, or there is none
                await client.delete(LEASES, LEASE, namespace)


async def run_clusters(stage: ClusterStage, options: Options) -> Report:
    churn, striker, started = ClusterChurn(options.seed), stage.striker, time.monotonic()
    over, report = asyncio.Event(), Report(options.seed, striker.struck)
    proxies = {Side.HOST: stage.proxy}

    async def look() -> list[Violation]:
        return await stage.violations(churn.expected)

    async with asyncio.TaskGroup() as group:
        group.create_task(_live(stage, churn, over, report), name="authors")
        await strike_all(striker, options, spared=[Fault.CLOCK])
        over.set()
    left, report.settled_after = await settle(look, proxies, ignored=["/leases"])
    crashes = [Violation("crash", crash) for crash in striker.daemon.crashes]
    report.found = [*left, *stage.kept.violations(), *crashes]
    report.seconds = time.monotonic() - started
    report.writes = writes(proxies)
    return report


async def _live(stage: ClusterStage, churn: ClusterChurn, over: asyncio.Event, report: Report) -> None:
    while not over.is_set():
        await asyncio.sleep(PACE)
        action = churn.next()
        try:
            async with asyncio.timeout(ACTION_SECONDS):
                await stage.do(action)
        except TimeoutError:
            raise AssertionError(f"waited {ACTION_SECONDS:g} s to {action.verb} Cluster {action.name}") from None
        report.verbs["Cluster", action.verb] += 1
