from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandbox.session import ApiServer
from tests.cluster_fixtures import Api
from tests.eventually import eventually_true
from tests.integration.monitoring.scraped import scraped
from tests.integration.vk_provider.controlling import author
from tests.ports import free_port
from tests.virtual_cluster import VirtualCluster, virtual_cluster


@pytest.fixture
def provider(host_api_server: ApiServer, virtual_api_server: ApiServer, tmp_path: Path) -> Iterator[VirtualCluster]:
    with virtual_cluster(host_api_server, virtual_api_server, tmp_path) as running:
        yield running


@pytest.fixture
async def controller(host_api: Api) -> AsyncIterator[int]:
    """The health port of a controller that leads, and has a Cluster."""
    port = free_port()
    async with author(host_api) as user, user.controlled(f"--health-port={port}"):
        await user.create("demo")

        async def knows_of_it() -> bool:
            try:
                return "vkp_cluster_ready{" in await scraped(port)
            except OSError:
                return False

        await eventually_true(knows_of_it, "the controller to tell of the Cluster")
        yield port
