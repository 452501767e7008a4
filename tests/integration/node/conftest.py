from collections.abc import AsyncIterator

import pytest

from tests.cluster_fixtures import Api
from tests.integration.node.world import World, world


@pytest.fixture
async def clusters(host_api: Api, virtual_api: Api) -> AsyncIterator[World]:
    """A host with one node that is well, and a virtual cluster with nodes of nobody yet."""
    async with world(host_api.kubeconfig, virtual_api.kubeconfig, host_api.namespace) as created:
        await created.add_host_node("one")
        yield created
