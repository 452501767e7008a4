from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kube.client import Client, PatchType
from kube.credentials import load_kubeconfig
from kube.errors import Fenced
from kube.resources import CONFIG_MAPS
from tests.cluster_fixtures import Api
from tests.leaks import nothing_left, open_sockets


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    async with nothing_left():
        yield


@asynccontextmanager
async def fenced(kubeconfig: Path, may_write: Callable[[], bool]) -> AsyncIterator[Client]:
    credentials = await load_kubeconfig(kubeconfig)
    async with Client(credentials, user_agent="test", field_manager="test", may_write=may_write) as client:
        yield client


def config_map(api: Api, name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": api.namespace}}


async def test_who_may_not_write_can_read_and_nothing_else(host_api: Api) -> None:
    allowed = True
    async with fenced(host_api.kubeconfig, lambda: allowed) as client:
        before = await client.create(CONFIG_MAPS, config_map(host_api, "kept"))
        allowed = False
        for write in (
            client.create(CONFIG_MAPS, config_map(host_api, "new")),
            client.replace(CONFIG_MAPS, {**config_map(host_api, "kept"), "data": {"a": "1"}}),
            client.apply(CONFIG_MAPS, {**config_map(host_api, "kept"), "data": {"a": "1"}}, force=True),
            client.patch(CONFIG_MAPS, "kept", {"data": {}}, host_api.namespace, patch_type=PatchType.MERGE),
            client.delete(CONFIG_MAPS, "kept", host_api.namespace),
        ):
            with pytest.raises(Fenced, match="another process may be writing now"):
                await write
        listed = await client.list(CONFIG_MAPS, host_api.namespace)
    assert [obj for obj in listed.objects if obj.name in {"kept", "new"}] == [before]


async def test_permission_is_asked_for_when_the_connection_is_there_not_before(host_api: Api) -> None:
    """Between the two the process may have been stopped for as long as a lease lasts."""
    before = open_sockets()
    async with fenced(host_api.kubeconfig, lambda: open_sockets() == before) as client:
        with pytest.raises(Fenced):
            await client.create(CONFIG_MAPS, config_map(host_api, "new"))


async def test_permission_is_asked_for_again_when_the_body_leaves(host_api: Api) -> None:
    """A task of its own writes it, and the process may have been stopped before that ran."""
    answers = iter([True, False])
    async with fenced(host_api.kubeconfig, lambda: next(answers, True)) as client:
        with pytest.raises(Fenced, match="another process may be writing now"):
            await client.create(CONFIG_MAPS, config_map(host_api, "new"))
        assert next(answers, None) is None
        await client.create(CONFIG_MAPS, config_map(host_api, "new"))  # which was not there
