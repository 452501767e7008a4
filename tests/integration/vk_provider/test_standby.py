"""Two providers of one virtual cluster, a process each: one writes, and the other does when that one goes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crowd import WRITES
from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.errors import NotFound
from kube.lease import Holding, holding_of
from kube.resources import LEASES, NODES, PODS
from reflectors.translation.metadata import NAME
from tests.cluster_fixtures import Api
from tests.eventually import eventually, eventually_true
from tests.faulty_proxy import FaultyProxy, Request
from tests.virtual_cluster import VirtualCluster, running

NODE = "standby-node"
LEASE = "k3k-tenant-provider"
STANDS_BY = "standby: another process leads"
LIMIT = 60.0


@dataclass(frozen=True)
class Twins:
    """Two providers of one cluster, of which the first leads, and both API servers as they see them."""

    first: VirtualCluster
    second: VirtualCluster
    host: Client
    virtual: Client
    virtual_namespace: str

    @property
    def host_namespace(self) -> str:
        return self.first.namespace

    async def create(self, *names: str) -> None:
        for name in names:
            spec = {
                "nodeName": NODE,
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "app", "image": "busybox"}],
            }
            body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
            await self.virtual.create(PODS, body, self.virtual_namespace)

    async def delete(self, *names: str) -> None:
        for name in names:
            await self.virtual.delete(PODS, name, self.virtual_namespace)

    async def on_host(self) -> list[str]:
        """Whose host pods there are."""
        pods = (await self.host.list(PODS, self.host_namespace)).objects
        return sorted(pod.metadata.annotations[NAME] for pod in pods)

    async def until_on_host(self, *names: str) -> None:
        async def look() -> bool:
            return await self.on_host() == sorted(names)

        await self.until(look, f"just {names} on the host")

    async def holding(self) -> Holding:
        return holding_of(await self.host.get(LEASES, LEASE, self.host_namespace))

    async def until_led_by(self, provider: VirtualCluster) -> None:
        async def look() -> bool:
            return await asyncio.to_thread(provider.leads)

        await self.until(look, "a provider to lead")

    async def until(self, look: Callable[[], Awaitable[object]], what: str) -> None:
        try:
            await eventually_true(look, what, seconds=LIMIT)
        except AssertionError as error:
            logs = "\n".join(each.log()[-4000:] for each in (self.first, self.second))
            raise AssertionError(f"{error}; the providers said:\n{logs}") from error


@asynccontextmanager
async def started(provider: VirtualCluster, *arguments: str) -> AsyncIterator[VirtualCluster]:
    """The provider, once it is ready; ended afterwards unless the test did so."""
    context = running(provider, f"--node-name={NODE}", *arguments)
    await asyncio.to_thread(context.__enter__)
    try:
        yield provider
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


async def connected(api: Api) -> Client:
    return Client(await load_kubeconfig(api.kubeconfig), user_agent="test", field_manager="test")


def provider(host: Api, virtual: Api, folder: Path) -> VirtualCluster:
    folder.mkdir()
    (folder / "provider.log").touch()
    return VirtualCluster(host.server, virtual.server, host.namespace, folder)


@asynccontextmanager
async def twins(host: Api, virtual: Api, folder: Path, *arguments: str) -> AsyncIterator[Twins]:
    """Two providers at work; `arguments` are for the first."""
    async with AsyncExitStack() as exits:
        on_host, on_virtual = [await exits.enter_async_context(await connected(api)) for api in (host, virtual)]
        first, second = (provider(host, virtual, folder / name) for name in ("first", "second"))
        pair = Twins(first, second, on_host, on_virtual, virtual.namespace)
        await exits.enter_async_context(cleared(pair))
        await exits.enter_async_context(started(first, *arguments))
        await pair.until_led_by(first)
        await exits.enter_async_context(started(second))
        yield pair


@asynccontextmanager
async def cleared(pair: Twins) -> AsyncIterator[None]:
    """Leave nothing that only a provider could end."""
    yield
    for pod in (await pair.virtual.list(PODS, pair.virtual_namespace)).objects:
        await forgotten(pair.virtual.delete(PODS, pod.name, pod.namespace, grace_period_seconds=0))
    await forgotten(pair.virtual.delete(NODES, NODE))


async def forgotten(deletion: Awaitable[None]) -> None:
    try:
        await deletion
    except NotFound:
        return


async def test_one_leads_and_the_other_stands_by_ready(host_api: Api, virtual_api: Api, tmp_path: Path) -> None:
    async with twins(host_api, virtual_api, tmp_path) as pair:
        assert pair.second.not_ready() is None
        assert STANDS_BY in pair.second.log()
        assert STANDS_BY not in pair.first.log()
        await pair.create("one")
        await pair.until_on_host("one")
        assert not await asyncio.to_thread(pair.second.leads)
        written = [
            await asyncio.to_thread(pair.second.metric, "rest_client_requests_total", method=verb) for verb in WRITES
        ]
        assert sum(written) == 0


async def test_when_the_leader_is_killed_the_standby_does_its_work(
    host_api: Api, virtual_api: Api, tmp_path: Path
) -> None:
    async with twins(host_api, virtual_api, tmp_path) as pair:
        await pair.create("kept", "deleted")
        await pair.until_on_host("deleted", "kept")
        before = await pods_of(pair)
        await asyncio.to_thread(pair.first.kill)
        await pair.create("new")
        await pair.delete("deleted")
        await pair.until_on_host("kept", "new")
        assert (await pair.holding()).lease_transitions == 1
        after = await pods_of(pair)
        assert after["kept"] == before["kept"]  # the other took it over as it was
        await asyncio.to_thread(pair.first.start, f"--node-name={NODE}")
        assert STANDS_BY in pair.first.log()


async def pods_of(pair: Twins) -> dict[str, str]:
    """UID and version of each host pod, by the virtual one's name."""
    pods = (await pair.host.list(PODS, pair.host_namespace)).objects
    return {pod.metadata.annotations[NAME]: f"{pod.uid} {pod.resource_version}" for pod in pods}


async def test_a_leader_that_is_told_to_end_gives_the_lease_back(
    host_api: Api, virtual_api: Api, tmp_path: Path
) -> None:
    async with twins(host_api, virtual_api, tmp_path) as pair:
        assert await asyncio.to_thread(pair.first.stop) == 0
        assert f"{pair.first.kubelet_port}" not in str((await pair.holding()).holder_identity)
        await pair.create("one")
        await pair.until_on_host("one")


async def test_a_provider_that_starts_again_under_its_name_leads_on(
    host_api: Api, virtual_api: Api, tmp_path: Path
) -> None:
    async with twins(host_api, virtual_api, tmp_path) as pair:
        await asyncio.to_thread(pair.first.kill)
        await asyncio.to_thread(pair.first.start, f"--node-name={NODE}")
        await pair.create("one")
        await pair.until_on_host("one")
        assert await asyncio.to_thread(pair.first.leads)
        assert (await pair.holding()).lease_transitions == 0


@dataclass
class Record:
    """What the first provider has sent, as proxies between it and both API servers saw it."""

    proxies: tuple[FaultyProxy, FaultyProxy]

    def clear(self) -> None:
        for proxy in self.proxies:
            proxy.requests.clear()

    def writes(self) -> list[Request]:
        """Those that may change anything: who stands for election does so with the version of the Lease that he saw."""
        sent = (request for proxy in self.proxies for request in proxy.requests)
        return [request for request in sent if request.method in WRITES and f"/leases/{LEASE}" not in request.target]


async def test_a_leader_that_was_paused_beyond_its_lease_writes_nothing_when_it_goes_on(
    host_api: Api, virtual_api: Api, tmp_path: Path
) -> None:
    many = [f"pod-{number:02}" for number in range(40)]
    for name in ("host", "virtual"):
        (tmp_path / name).mkdir()
    async with (
        FaultyProxy(host_api.kubeconfig, tmp_path / "host") as host,
        FaultyProxy(virtual_api.kubeconfig, tmp_path / "virtual") as virtual,
        twins(
            host_api,
            virtual_api,
            tmp_path,
            f"--host-kubeconfig={host.kubeconfig}",
            f"--virtual-kubeconfig={virtual.kubeconfig}",
        ) as pair,
    ):
        record = Record((host, virtual))
        host.latency = 0.05  # so that it is in the midst of its work
        await pair.create(*many)
        await eventually(lambda: any(is_of_pods(request) for request in record.writes()), "the first to begin")
        with paused(pair.first.pid):
            await pair.until_led_by(pair.second)
            await pair.until_on_host(*many)
            await pair.delete(*many[10:])
            await pair.until_on_host(*many[:10])
            await pair.create("new")
            await pair.until_on_host(*many[:10], "new")
            versions = await pods_of(pair)
            host.latency = 0
            record.clear()
        await eventually(lambda: STANDS_BY in pair.first.log(), "the first to stand by", seconds=LIMIT)

        async def has_caught_up() -> bool:
            return await asyncio.to_thread(pair.first.metric, "informer_objects", name="host pods") == 11

        await pair.until(has_caught_up, "the first to hear of all that happened")
        assert record.writes() == []
        assert await pods_of(pair) == versions
        # And it is of use again.
        await asyncio.to_thread(pair.second.kill)
        await pair.delete("new")
        await pair.until_on_host(*many[:10])


def is_of_pods(request: Request) -> bool:
    return "/pods" in request.target


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """SIGSTOP for the length of a block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
