"""What a kubelet API says of its own work, as Prometheus gets it."""

import ssl
from collections.abc import AsyncIterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.kubelet.limits import Limits
from tests.eventually import eventually_true
from tests.integration.kubelet.certificates import Certificates
from tests.integration.kubelet.client import request, upgrade_request
from tests.integration.kubelet.host import Host
from tests.integration.kubelet.log_host import LogHost, log_host
from tests.integration.kubelet.serving import Serving, serving

ECHO = "/exec/shop/web/app?input=1&output=1&command=echo"
LOGS = "/containerLogs/shop/web/app"


async def scraped(kubelet: Serving) -> str:
    connection = await kubelet.connect()
    connection.send(request("/metrics"))
    text = (await connection.body(await connection.head())).decode()
    connection.vanish()
    return text


async def value(kubelet: Serving, name: str, **labels: str) -> float:
    """The sample with these labels and perhaps others; 0 if there is none."""
    for family in text_string_to_metric_families(await scraped(kubelet)):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0.0


async def test_requests_are_counted_by_route_and_code(kubelet: Serving) -> None:
    for path in ("/healthz", "/healthz", "/containerLogs/shop/nobody/app", "/no/such/path", "/metrics/probes"):
        connection = await kubelet.connect()
        connection.send(request(path))
        await connection.head()
    assert await value(kubelet, "vkp_kubelet_requests_total", route="/healthz", code="200") == 2
    assert await value(kubelet, "vkp_kubelet_requests_total", route="/containerLogs", code="404") == 1
    assert await value(kubelet, "vkp_kubelet_requests_total", route="/metrics/probes", code="200") == 1
    assert await value(kubelet, "vkp_kubelet_requests_total", route="other", code="404") == 1
    assert await value(kubelet, "vkp_kubelet_request_duration_seconds_count", route="/healthz") == 2


async def test_who_is_not_let_in_is_counted_too(kubelet: Serving, certificates: Certificates) -> None:
    connection = await kubelet.connect(certificates.client_context(None))
    connection.send(request("/pods"))
    assert (await connection.head()).status == 401
    assert await value(kubelet, "vkp_kubelet_requests_total", route="/pods", code="401") == 1


async def test_no_label_names_a_pod(kubelet: Serving) -> None:
    await (await kubelet.connect()).switched(ECHO)
    for path in ("/containerLogs/shop/web/app", "/web/shop"):
        connection = await kubelet.connect()
        connection.send(request(path))
        await connection.head()
    families = text_string_to_metric_families(await scraped(kubelet))
    labels = {label for family in families for sample in family.samples for label in sample.labels.values()}
    assert not {label for label in labels if "web" in label or "shop" in label}


async def test_a_stream_is_seen_while_it_is_open_and_its_bytes_afterwards(kubelet: Serving) -> None:
    stream = await (await kubelet.connect()).switched(ECHO)
    assert await stream.echoed(b"ping") == b"ping"
    assert await value(kubelet, "vkp_kubelet_streams_open", kind="exec") == 1
    assert await value(kubelet, "vkp_kubelet_stream_bytes_total", kind="exec", direction="up") == 4
    assert await value(kubelet, "vkp_kubelet_requests_total", route="/exec", code="101") == 1
    stream.writer.close()

    async def is_closed() -> bool:
        return await value(kubelet, "vkp_kubelet_streams_open", kind="exec") == 0

    await eventually_true(is_closed, "the stream to be counted no more")
    assert await value(kubelet, "vkp_kubelet_streams_opened_total", kind="exec") == 1
    assert await value(kubelet, "vkp_kubelet_stream_bytes_total", kind="exec", direction="up") == 4
    assert await value(kubelet, "vkp_kubelet_stream_bytes_total", kind="exec", direction="down") == 4


async def test_streams_beyond_the_limit_are_counted(certificates: Certificates, upstream: Host) -> None:
    async with serving(certificates, upstream.port, limits=Limits(streams=1)) as kubelet:
        await (await kubelet.connect()).switched(ECHO)
        second = await kubelet.connect()
        second.send(upgrade_request(ECHO))
        assert (await second.head()).status == 503
        assert await value(kubelet, "vkp_kubelet_streams_limit") == 1
        assert await value(kubelet, "vkp_kubelet_streams_refused_total", kind="exec", reason="limit") == 1


async def test_connections_beyond_those_of_one_address_are_counted(certificates: Certificates, upstream: Host) -> None:
    async with serving(certificates, upstream.port, limits=Limits(streams=1, short_requests=1)) as kubelet:
        first, second = await kubelet.connect(), await kubelet.connect()
        for connection in (first, second):
            connection.send(request("/healthz"))
            await connection.body(await connection.head())
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await kubelet.connect()
        second.vanish()

        async def is_counted() -> bool:
            first.send(request("/metrics"))
            return b"vkp_kubelet_connections_refused_total 1.0" in await first.body(await first.head())

        await eventually_true(is_counted, "the connection to be counted")


@pytest.fixture
async def logs(certificates: Certificates) -> AsyncIterator[LogHost]:
    async with log_host(certificates.path("server.crt"), certificates.path("server.key")) as served:
        yield served


async def test_bytes_of_logs_are_counted_while_they_flow(certificates: Certificates, logs: LogHost) -> None:
    async with serving(certificates, logs.port) as kubelet:
        logs.answer = logs.say_something_and_wait
        reader = await kubelet.connect()
        reader.send(request(f"{LOGS}?follow=true"))
        await reader.head()

        async def is_counted() -> bool:
            sent = await value(kubelet, "vkp_kubelet_stream_bytes_total", kind="logs", direction="down")
            return sent == len(b"first\n")

        await eventually_true(is_counted, "the line to be counted")
        assert await value(kubelet, "vkp_kubelet_streams_open", kind="logs") == 1
        reader.vanish()
