"""A provider that finds API servers in a bad state when it starts: it waits for better times, and does not end."""

import asyncio
from pathlib import Path

import pytest

from tests.cluster_fixtures import Api
from tests.eventually import eventually_true
from tests.faulty_proxy import FaultyProxy, Request, response
from tests.leaks import nothing_left
from tests.virtual_cluster import VirtualCluster
from vk_provider.provider.parts import run_provider
from vk_provider.provider.settings import provider_settings

SIGN_IN = response("200 OK", b"<html>Sign in to the network</html>", "Content-Type: text/html")
BUSY = response("503 Service Unavailable", b"")


def is_about_the_server(request: Request) -> bool:
    return request.target in ("/version", "/apis/discovery.k8s.io/v1", "/apis/discovery.k8s.io/v1beta1")


@pytest.mark.parametrize("answer", [pytest.param(SIGN_IN, id="a web page"), pytest.param(BUSY, id="503")])
@pytest.mark.parametrize("side", ["host", "virtual"])
async def test_a_provider_waits_until_an_api_server_makes_sense(
    host_api: Api, virtual_api: Api, tmp_path: Path, side: str, answer: bytes
) -> None:
    cluster = VirtualCluster(host_api.server, virtual_api.server, host_api.namespace, tmp_path)
    through = host_api if side == "host" else virtual_api
    async with nothing_left(), FaultyProxy(through.kubeconfig, tmp_path) as proxy, asyncio.TaskGroup() as group:
        proxy.answer(answer, to=is_about_the_server, times=3)
        settings = provider_settings([*cluster.arguments(), f"--{side}-kubeconfig={proxy.kubeconfig}"])
        running = group.create_task(run_provider(settings))

        async def is_ready() -> bool:
            return await asyncio.to_thread(cluster.not_ready) is None

        await eventually_true(is_ready, "the provider to be ready")
        assert not proxy.pending
        running.cancel()
