"""What is told of usage, by what the host lets us know."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest

from kube.codec import decode_object
from kube.objects import Object
from sandbox.binaries import find
from sandbox.metrics_server.points import read
from sandbox.progress import silent
from tests.integration.kubelet.certificates import Certificates
from tests.integration.kubelet.client import request
from tests.integration.kubelet.directory import OnePod
from tests.integration.kubelet.serving import NODE, Serving, serving
from tests.integration.kubelet.stats_host import CADVISOR, METRICS_API, PROBES, SUMMARY, StatsHost, stats_host
from tests.leaks import nothing_left
from tests.virtual_clock import VirtualClock

BEGAN, NOW = "2026-01-31T12:00:00Z", "2026-01-31T12:10:00Z"
CPU = {"time": NOW, "usageNanoCores": 2000, "usageCoreNanoSeconds": 3_000_000_000}
MEMORY = {"time": NOW, "workingSetBytes": 4096}
NETWORK = {"rxBytes": 1}
APP = {"name": "app", "startTime": BEGAN, "cpu": CPU, "memory": MEMORY}
SIDECAR = {**APP, "name": "istio-proxy"}
REFERENCE = {"name": "web-shop-x7f3k", "namespace": "host-namespace", "uid": "host-uid"}
OTHERS = {"podRef": {"name": "other", "namespace": "kube-system", "uid": "other"}, "containers": [APP]}
KUBELET = msgspec.json.encode(
    {
        "node": {"nodeName": "node-0", "cpu": {"usageNanoCores": 10**12}},
        "pods": [
            OTHERS,
            {
                "podRef": REFERENCE,
                "containers": [APP, SIDECAR],
                "cpu": CPU,
                "memory": MEMORY,
                "network": {"rxBytes": 1},
            },
        ],
    }
)
USAGE = {"cpu": "2u", "memory": "4Ki"}
METRICS = msgspec.json.encode(
    {
        "items": [
            {
                "metadata": {"name": "web-shop-x7f3k"},
                "timestamp": NOW,
                "window": "30s",
                "containers": [{"name": "app", "usage": USAGE}, {"name": "istio-proxy", "usage": USAGE}],
            }
        ]
    }
)
POD: Object = decode_object(
    b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"virtual-uid"},"spec":{},'
    b'"status":{"startTime":"2026-01-31T12:00:00Z","containerStatuses":[{"name":"app","state":{"running":'
    b'{"startedAt":"2026-01-31T12:00:00Z"}}}]}}'
)
IN_HOST = '{container="app",namespace="host-namespace",pod="web-shop-x7f3k"}'
HERE = '{container="app",namespace="shop",pod="web"}'


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def host(certificates: Certificates) -> AsyncIterator[StatsHost]:
    async with nothing_left(), stats_host(certificates.path("server.crt"), certificates.path("server.key")) as served:
        yield served


@pytest.fixture
async def kubelet(certificates: Certificates, host: StatsHost, clock: VirtualClock) -> AsyncIterator[Serving]:
    async with serving(certificates, host.port, directory=OnePod([POD]), clock=clock) as served:
        yield served


async def get(kubelet: Serving, path: str, *, method: str = "GET") -> tuple[Mapping[str, str], bytes]:
    connection = await kubelet.connect()
    connection.send(request(path, method=method, headers="Connection: close\r\n"))
    head = await connection.head()
    assert head.status == 200, path
    body = await connection.rest()
    if "chunked" in head.headers.get("transfer-encoding", ""):
        body = body.split(b"\r\n", 1)[1].removesuffix(b"\r\n0\r\n\r\n")
    return head.headers, body


async def summary(kubelet: Serving, query: str = "", *, method: str = "GET") -> Any:
    return msgspec.json.decode((await get(kubelet, f"/stats/summary{query}", method=method))[1])


async def lines(kubelet: Serving, path: str) -> list[str]:
    headers, body = await get(kubelet, path)
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return body.decode().splitlines()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_hosts_kubelet_knows_everything(kubelet: Serving, host: StatsHost, method: str) -> None:
    host.answers[SUMMARY] = KUBELET
    told = await summary(kubelet, method=method)
    (pod,) = told["pods"]
    assert pod["podRef"] == {"name": "web", "namespace": "shop", "uid": "virtual-uid"}
    assert [each["name"] for each in pod["containers"]] == ["app"]
    assert pod["network"] == NETWORK
    assert told["node"]["nodeName"] == NODE
    assert told["node"]["cpu"] == CPU, "what the tenant's pods use, not what the host's node does"
    assert host.asked == ["/api/v1/nodes/node-0/proxy/stats/summary"]


async def test_processor_and_memory_alone_are_asked_for_alone(kubelet: Serving, host: StatsHost) -> None:
    host.answers[SUMMARY] = KUBELET
    (pod,) = (await summary(kubelet, "?only_cpu_and_memory=true"))["pods"]
    assert set(pod) == {"podRef", "containers", "cpu", "memory"}
    assert host.asked == [f"{SUMMARY}?only_cpu_and_memory=true"]


async def test_the_metrics_api_knows_less(kubelet: Serving, host: StatsHost) -> None:
    host.answers[METRICS_API] = METRICS
    (pod,) = (await summary(kubelet))["pods"]
    assert [each["name"] for each in pod["containers"]] == ["app"]
    assert pod["cpu"] == {"time": NOW, "usageNanoCores": 2000, "usageCoreNanoSeconds": 60_000}


@pytest.mark.parametrize("answers", [{}, {SUMMARY: None, METRICS_API: None}, {SUMMARY: b"[", METRICS_API: b"["}])
async def test_where_nobody_tells_what_is_known_is_told_and_that_this_is_all(
    kubelet: Serving, host: StatsHost, answers: dict[str, bytes | None]
) -> None:
    host.answers |= answers
    headers, body = await get(kubelet, "/stats/summary")
    assert headers["warning"] == '299 - "the host does not tell what 1 of 1 pods use"'
    (pod,) = msgspec.json.decode(body)["pods"]
    assert pod["containers"] == [{"name": "app", "startTime": BEGAN}]
    told = await lines(kubelet, "/metrics/resource")
    assert "# the host does not tell what 1 of 1 pods use" in told
    assert "resource_scrape_error 1" in told


@pytest.mark.parametrize("answers", [{SUMMARY: KUBELET}, {METRICS_API: METRICS}], ids=["kubelet", "metrics API"])
async def test_metrics_server_finds_what_it_looks_for(
    kubelet: Serving, host: StatsHost, answers: dict[str, bytes | None]
) -> None:
    host.answers |= answers
    told = await lines(kubelet, "/metrics/resource")
    for sample in (
        f"container_cpu_usage_seconds_total{HERE} ",
        f"container_memory_working_set_bytes{HERE} 4096 1769861400000",
        'pod_memory_working_set_bytes{namespace="shop",pod="web"} 4096 1769861400000',
        f"container_start_time_seconds{HERE} 1769860800.0",
        "node_cpu_usage_seconds_total ",
        "node_memory_working_set_bytes 4096 1769861400000",
        "resource_scrape_error 0",
    ):
        assert any(line.startswith(sample) for line in told), sample
    assert not any("istio-proxy" in line or "host" in line for line in told)


@pytest.mark.parametrize("answers", [{SUMMARY: KUBELET}, {METRICS_API: METRICS}], ids=["kubelet", "metrics API"])
async def test_by_metrics_servers_rules_the_pod_and_the_node_are_known_whole(
    kubelet: Serving, host: StatsHost, answers: dict[str, bytes | None]
) -> None:
    host.answers |= answers
    scrape = read("\n".join(await lines(kubelet, "/metrics/resource")), now=0.0)
    assert {key: list(containers) for key, containers in scrape.pods.items()} == {("shop", "web"): ["app"]}
    app = scrape.pods["shop", "web"]["app"]
    assert (app.at, app.memory, app.began) == (1769861400.0, 4096, 1769860800.0)
    assert scrape.node is not None
    assert scrape.node.at == app.at


@pytest.mark.parametrize("path", ["/metrics", "/metrics/resource", "/metrics/cadvisor", "/metrics/probes"])
@pytest.mark.parametrize("answers", [{SUMMARY: KUBELET}, {METRICS_API: METRICS}, {}], ids=["kubelet", "API", "nobody"])
async def test_prometheus_own_examiner_has_nothing_to_say_of_the_format(
    kubelet: Serving, host: StatsHost, path: str, answers: dict[str, bytes | None]
) -> None:
    host.answers |= answers
    text = "".join(f"{line}\n" for line in await lines(kubelet, path)).encode()
    assert await asyncio.to_thread(examined, text) == (0, b"")


def examined(text: bytes) -> tuple[int, bytes]:
    promtool = find(silent).tool("promtool")
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr


async def test_the_hosts_cadvisor_and_probes_are_told_of_the_tenants_pods(kubelet: Serving, host: StatsHost) -> None:
    host.answers[CADVISOR] = f"# TYPE container_tasks_state gauge\ncontainer_tasks_state{IN_HOST} 1\n".encode()
    host.answers[PROBES] = f"# TYPE prober_probe_total counter\nprober_probe_total{IN_HOST} 2\n".encode()
    assert (await lines(kubelet, "/metrics/cadvisor"))[-1] == f"container_tasks_state{HERE} 1"
    assert (await lines(kubelet, "/metrics/probes"))[-1] == f"prober_probe_total{HERE} 2"


async def test_without_the_hosts_cadvisor_a_little_is_known(kubelet: Serving, host: StatsHost) -> None:
    host.answers[METRICS_API] = METRICS
    told = await lines(kubelet, "/metrics/cadvisor")
    labels = 'id="",image="",name="",namespace="shop",pod="web"'
    assert f'container_memory_working_set_bytes{{container="app",{labels}}} 4096 1769861400000' in told
    assert await lines(kubelet, "/metrics/probes") == ["# the host does not tell of the probes of 1 of 1 pods"]


async def test_the_host_is_not_asked_more_than_every_few_seconds_nor_for_what_it_forbids(
    kubelet: Serving, host: StatsHost, clock: VirtualClock
) -> None:
    for _ in range(3):
        await lines(kubelet, "/metrics/resource")
    assert len(host.asked) == 2, "one source after the other"
    clock.jump(10)
    await lines(kubelet, "/metrics/resource")
    assert len(host.asked) == 2
    clock.jump(3600)
    host.answers[SUMMARY] = KUBELET
    assert "resource_scrape_error 0" in await lines(kubelet, "/metrics/resource")
