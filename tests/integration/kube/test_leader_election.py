import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest

from kube.client import Client
from kube.clock import SystemClock
from kube.credentials import load_kubeconfig
from kube.leader_election import LeaderElector, LeaseTiming
from kube.lease import Holding, holding_of
from kube.objects import Key
from kube.resources import CONFIG_MAPS, LEASES
from tests.cluster_fixtures import Api, NewApiServer
from tests.eventually import eventually
from tests.faulty_proxy import ALWAYS, FaultyProxy, Request, response
from tests.integration.kube.candidate import LEASE, WRITTEN
from tests.leaks import nothing_left

QUICK = LeaseTiming(lease_duration=6, renew_deadline=4, retry_period=0.5)
PATIENT = LeaseTiming(lease_duration=60, renew_deadline=50, renew_period=0.5, retry_period=0.5)


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    async with nothing_left():
        yield


@dataclass
class Candidate:
    """A process that stands for election, and all that it has said."""

    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(line.decode().strip())

    async def says(self, what: str, *, seconds: float = 30) -> None:
        await eventually(lambda: what in self.said, f"{what!r} from a candidate; it said {self.said}", seconds=seconds)


@dataclass
class Campaign:
    """Candidates for one lease, and who wrote what in which order."""

    api: Api
    client: Client
    group: asyncio.TaskGroup
    exits: AsyncExitStack
    writers: list[str] = field(default_factory=list)

    async def candidate(self, name: str, timing: LeaseTiming = QUICK, **environment: str) -> Candidate:
        arguments = [self.api.kubeconfig, self.api.namespace, name, timing.lease_duration, timing.renew_deadline]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *["-m", "tests.integration.kube.candidate", *map(str, arguments)],
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
        )
        self.exits.push_async_callback(ended, process)
        candidate = Candidate(process)
        self.group.create_task(candidate.listen())
        return candidate

    async def holding(self) -> Holding:
        return holding_of(await self.client.get(LEASES, LEASE, self.api.namespace))

    async def watch_writers(self, resource_version: str) -> None:
        watching = self.client.watch(CONFIG_MAPS, self.api.namespace, resource_version=resource_version)
        async with aclosing(watching) as events:
            async for event in events:
                if event.object.name == WRITTEN:
                    self.writers.append(event.object.decode("data", dict[str, str])["writer"])  # type: ignore[index]

    def reigns(self) -> list[str]:
        """The writers in their order, each as often as it began to write."""
        return [writer for writer, _ in groupby(self.writers)]


async def ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@asynccontextmanager
async def campaign(api: Api) -> AsyncIterator[Campaign]:
    async with Client(await load_kubeconfig(api.kubeconfig), user_agent="test", field_manager="test") as client:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": WRITTEN, "namespace": api.namespace}}
        written = await client.create(CONFIG_MAPS, body)
        async with asyncio.TaskGroup() as group, AsyncExitStack() as exits:
            campaign = Campaign(api, client, group, exits)
            watching = group.create_task(campaign.watch_writers(written.resource_version))
            yield campaign
            watching.cancel()


async def test_when_the_holder_is_killed_the_other_follows(host_api: Api) -> None:
    async with campaign(host_api) as race:
        first = await race.candidate("first")
        await first.says("leads")
        second = await race.candidate("second")
        await eventually(lambda: len(race.writers) > 20, "the first to write")
        first.process.kill()
        await second.says("leads")
        await eventually(lambda: "second" in race.writers, "the second to write")
        assert race.reigns() == ["first", "second"]
        holding = await race.holding()
    assert holding.holder_identity == "second"
    assert holding.lease_transitions == 1


async def test_a_holder_paused_beyond_its_lease_writes_nothing_when_it_wakes_up(host_api: Api) -> None:
    async with campaign(host_api) as race:
        first = await race.candidate("first")
        await first.says("leads")
        second = await race.candidate("second")
        await eventually(lambda: "first" in race.writers, "the first to write")
        first.process.send_signal(signal.SIGSTOP)
        await second.says("leads")
        await eventually(lambda: "second" in race.writers, "the second to write")
        first.process.send_signal(signal.SIGCONT)
        await first.says("stops")
        before = len(race.writers)
        await eventually(lambda: len(race.writers) > before + 20, "the second to write on")
        assert race.reigns() == ["first", "second"]


async def test_after_a_clean_end_the_next_does_not_wait_for_the_lease_to_run_out(host_api: Api) -> None:
    patient = LeaseTiming(lease_duration=3600, renew_deadline=1800, retry_period=1)
    async with campaign(host_api) as race:
        first = await race.candidate("first", patient)
        await first.says("leads")
        second = await race.candidate("second", patient)
        first.process.send_signal(signal.SIGTERM)
        await first.says("ended")
        await second.says("leads")
        holding = await race.holding()
    assert holding.lease_transitions == 1


async def test_times_are_utc_whatever_the_time_zone_of_the_process(host_api: Api) -> None:
    async with campaign(host_api) as race:
        first = await race.candidate("first", TZ="America/New_York")
        await first.says("leads")
        holding = await race.holding()
    assert holding.renew_time is not None
    renewed = datetime.strptime(holding.renew_time, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - renewed) < timedelta(minutes=5)


@asynccontextmanager
async def electors(
    log: list[str], namespace: str, *kubeconfigs: Path, timing: LeaseTiming = QUICK
) -> AsyncIterator[list[LeaderElector]]:
    """Have "a" and perhaps "b" stand, each by its own kubeconfig; "a" leads already. They log what they do."""
    async with AsyncExitStack() as clients, asyncio.TaskGroup() as group:
        standing: list[LeaderElector] = []
        runs: list[asyncio.Task[None]] = []
        for name, kubeconfig in zip("ab", kubeconfigs, strict=False):
            client = Client(await load_kubeconfig(kubeconfig), user_agent=name, field_manager=name)
            await clients.enter_async_context(client)
            standing.append(LeaderElector(client, Key(namespace, LEASE), name, timing=timing))
            runs.append(group.create_task(standing[-1].run(partial(reign, log, name))))
            await eventually(standing[0].is_leader, "the first to lead")
        yield standing
        for run in runs:
            run.cancel()


async def reign(log: list[str], name: str) -> None:
    log.append(f"{name} starts")
    try:
        await asyncio.Event().wait()
    finally:
        log.append(f"{name} stops")


async def test_a_leader_cut_off_from_the_api_server_has_stopped_before_the_next_starts(
    host_api: Api, tmp_path: Path
) -> None:
    log: list[str] = []
    async with (
        FaultyProxy(host_api.kubeconfig, tmp_path) as proxy,
        electors(log, host_api.namespace, proxy.kubeconfig, host_api.kubeconfig),
    ):
        proxy.hang()
        await eventually(lambda: "b starts" in log, "the other to lead")
        assert log == ["a starts", "a stops", "b starts"]
        proxy.heal()


UNWELL = response("500 Internal Server Error", b"something broke")
BUSY = response("429 Too Many Requests", b"not now", "Retry-After: 1")


async def test_a_leader_that_is_only_ever_refused_has_stopped_before_the_next_starts(
    host_api: Api, tmp_path: Path
) -> None:
    log: list[str] = []
    async with (
        FaultyProxy(host_api.kubeconfig, tmp_path) as proxy,
        electors(log, host_api.namespace, proxy.kubeconfig, host_api.kubeconfig),
    ):
        proxy.answer(UNWELL, times=ALWAYS)
        await eventually(lambda: "b starts" in log, "the other to lead")
        assert log == ["a starts", "a stops", "b starts"]


async def test_short_troubles_do_not_cost_the_lease(host_api: Api, tmp_path: Path) -> None:
    log: list[str] = []
    async with (
        FaultyProxy(host_api.kubeconfig, tmp_path) as proxy,
        electors(log, host_api.namespace, proxy.kubeconfig, host_api.kubeconfig, timing=PATIENT),
    ):
        for trouble in (proxy.cut, partial(proxy.answer, UNWELL, times=2), partial(proxy.answer, BUSY, times=1)):
            trouble()
            enough = len(proxy.requests) + 5
            await eventually(partial(has_grown, proxy.requests, enough), "some renewals")
        assert log == ["a starts"]


def has_grown(requests: Sequence[Request], enough: int) -> bool:
    return len(requests) >= enough


async def test_when_the_api_server_is_paused_the_leader_stops_before_its_lease_has_run_out(
    new_api_server: NewApiServer,
) -> None:
    server = new_api_server()
    log: list[str] = []
    timing = LeaseTiming(lease_duration=12, renew_deadline=4, retry_period=0.5)
    clock = SystemClock()
    async with (
        electors(log, server.create_namespace("test"), server.kubeconfig, timing=timing) as (elector,),
    ):
        server.pause()
        paused = clock.now()
        await eventually(lambda: "a stops" in log, "the leader to stop")
        assert clock.now() - paused < timing.lease_duration
        assert not elector.is_leader()
        server.resume()
        await eventually(elector.is_leader, "it to lead again")
    assert log == ["a starts", "a stops", "a starts", "a stops"]
