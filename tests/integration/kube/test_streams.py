"""Answers that are read while they arrive, beside calls that must not wait for them."""

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from kube.codec import DecodeError
from kube.errors import NotFound, Unreachable
from kube.resources import CONFIG_MAPS, PODS
from tests.cluster_fixtures import Api
from tests.integration.kube.following import connected
from tests.integration.kube.manifests import config_map, pod
from tests.integration.kube.tls_server import read_head, tls_server
from tests.leaks import nothing_left

LIMIT = 30.0
OK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_call_does_not_wait_for_a_hundred_and_one_open_streams(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client, AsyncExitStack() as stack:
        path = CONFIG_MAPS.path(host_api.namespace)
        for _ in range(101):
            await stack.enter_async_context(client.stream("GET", path, query=[("watch", "true")]))
        async with asyncio.timeout(LIMIT):
            await client.list(CONFIG_MAPS, host_api.namespace)


async def test_more_calls_than_connections_all_get_their_turn(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        await client.create(CONFIG_MAPS, config_map("a", host_api.namespace))
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(client.get(CONFIG_MAPS, "a", host_api.namespace)) for _ in range(200)]
        assert {call.result().name for call in calls} == {"a"}


async def test_stream_that_is_refused_is_the_typed_error(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        with pytest.raises(NotFound):
            async with client.stream("GET", PODS.path(host_api.namespace, "web", "log")):
                pass


async def test_logs_of_a_pod_whose_node_is_missing_are_refused_with_its_name(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        await client.create(PODS, pod("web", host_api.namespace, nodeName="nowhere"))
        with pytest.raises(Exception, match="nowhere"):
            async with client.stream("GET", PODS.path(host_api.namespace, "web", "log")):
                pass


async def test_bytes_pass_as_they_are_and_as_they_come(tmp_path: Path) -> None:
    more = asyncio.Event()

    async def log(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK + chunk(b"\xff\x00no line end"))
        await more.wait()
        writer.write(chunk(b"\r\n\xe2\x82") + chunk(b"\xac") + chunk(b""))
        await reader.read()

    async with (
        nothing_left(),
        tls_server(tmp_path, log) as kubeconfig,
        connected(kubeconfig) as client,
        client.stream("GET", "/log") as stream,
        asyncio.timeout(LIMIT),
    ):
        assert (stream.status, stream.headers["Content-Type"]) == (200, "text/plain")
        chunks = stream.chunks()
        assert await anext(chunks) == b"\xff\x00no line end"
        more.set()
        assert b"".join([part async for part in chunks]) == b"\r\n\xe2\x82\xac"


async def test_stream_that_is_cut_says_so(tmp_path: Path) -> None:
    async def cut(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK + chunk(b"beginning") + b"100\r\nmiddle")
        await writer.drain()

    async with (
        nothing_left(),
        tls_server(tmp_path, cut) as kubeconfig,
        connected(kubeconfig) as client,
        client.stream("GET", "/log") as stream,
    ):
        chunks = stream.chunks()
        assert (await anext(chunks)).startswith(b"beginning")
        with pytest.raises(Unreachable):
            _ = [part async for part in chunks]


async def test_stream_that_is_left_early_is_closed(tmp_path: Path) -> None:
    left = asyncio.Event()

    async def endless(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK)
        try:
            while True:
                writer.write(chunk(bytes(100_000)))
                await writer.drain()
        finally:
            left.set()

    async with nothing_left(), tls_server(tmp_path, endless) as kubeconfig, connected(kubeconfig) as client:
        async with client.stream("GET", "/log") as stream, aclosing(stream.chunks()) as chunks:
            await anext(chunks)
        async with asyncio.timeout(LIMIT):
            await left.wait()


async def test_event_of_many_megabytes_is_one_event(tmp_path: Path) -> None:
    escaped = b"\\u003c" * 1_000_000

    async def watch(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        event = b'{"type":"ADDED","object":{"metadata":{"name":"big"},"data":{"a":"%s"}}}\n' % escaped
        writer.write(OK + chunk(event) + chunk(b""))
        await writer.drain()
        await reader.read()

    async with nothing_left(), tls_server(tmp_path, watch) as kubeconfig, connected(kubeconfig) as client:
        (event,) = [each async for each in client.watch(CONFIG_MAPS, resource_version="1")]
    assert event.object.decode("data") == {"a": "<" * 1_000_000}


@pytest.mark.parametrize("line", [b"<html>\n", b"[]\n", b'{"type":"LATER","object":{}}\n'])
async def test_line_that_is_no_event_is_refused(tmp_path: Path, line: bytes) -> None:
    async def babble(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK + chunk(line) + chunk(b""))
        await reader.read()

    async with (
        nothing_left(),
        tls_server(tmp_path, babble) as kubeconfig,
        connected(kubeconfig) as client,
        aclosing(client.watch(CONFIG_MAPS, resource_version="1")) as events,
    ):
        with pytest.raises(DecodeError):
            await anext(events)


async def test_watch_that_hears_nothing_ends(tmp_path: Path) -> None:
    async def silent(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK)
        await reader.read()

    async with nothing_left(), tls_server(tmp_path, silent) as kubeconfig, connected(kubeconfig) as client:
        async with asyncio.timeout(LIMIT):
            assert [each async for each in client.watch(CONFIG_MAPS, resource_version="1", silence=0.2)] == []


async def test_cancelled_watch_leaves_nothing(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        listed = await client.list(CONFIG_MAPS, host_api.namespace)

        async def follow() -> None:
            watch = client.watch(CONFIG_MAPS, host_api.namespace, resource_version=listed.resource_version)
            async with aclosing(watch) as events:
                async for _ in events:
                    pass

        following = asyncio.create_task(follow())
        await asyncio.wait([following], timeout=0.3)
        following.cancel()
        await asyncio.wait([following], timeout=LIMIT)
        assert following.cancelled()
