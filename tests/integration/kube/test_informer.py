import asyncio
import gc
import sys

import pytest

from kube.informer import Informer
from kube.resources import CONFIG_MAPS
from kube.store import ChangeKind
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.integration.kube.following import following


async def test_it_follows_what_happens(host_api: Api) -> None:
    async with following(host_api.kubeconfig, host_api.namespace) as followed:
        await followed.change_everything()
        await followed.recover()
        assert followed.informer.state.lists == 1


async def test_what_is_deleted_and_recreated_is_never_an_update(host_api: Api) -> None:
    async with following(host_api.kubeconfig, host_api.namespace) as followed:
        await followed.change_everything()
        await followed.recover()
        told = [change for change in followed.subscriber.told if change.key.name == "recreated"]
        assert [change.kind for change in told] == [ChangeKind.ADDED, ChangeKind.DELETED, ChangeKind.ADDED]


@pytest.mark.parametrize("filler", [pytest.param("<", id="a 6 MB line"), pytest.param("é", id="not ASCII")])
async def test_an_object_as_large_as_etcd_takes_is_followed(host_api: Api, filler: str) -> None:
    big = filler * (1_000_000 // len(filler.encode()))
    async with following(host_api.kubeconfig, host_api.namespace) as followed:
        await followed.put("big", text=big)
        await followed.recover()
        seen = followed.sees("big")
        assert seen is not None
        assert seen.decode("data") == {"text": big}
    async with following(host_api.kubeconfig, host_api.namespace) as followed:
        await followed.check()


async def test_what_leaves_the_selection_is_told_as_deleted(host_api: Api) -> None:
    async with following(host_api.kubeconfig, host_api.namespace, label_selector="app=web") as followed:
        await followed.label("kept", "web")
        await eventually(lambda: followed.sees("kept"), "an object that entered the selection")
        await followed.label("kept", "db")
        await eventually(lambda: not followed.sees("kept"), "an object that left the selection to be deleted")
        assert [change.kind for change in followed.subscriber.told] == [ChangeKind.ADDED, ChangeKind.DELETED]


async def test_all_namespaces_can_be_followed_at_once(host_api: Api) -> None:
    async with following(host_api.kubeconfig, host_api.namespace) as followed:
        everywhere = Informer(followed.admin, CONFIG_MAPS, field_selector=f"metadata.namespace={host_api.namespace}")
        async with asyncio.TaskGroup() as group:
            run = group.create_task(everywhere.run())
            await everywhere.wait_synced()
            run.cancel()
        assert everywhere.store.keys() == followed.informer.store.keys()


async def test_no_model_of_the_library_and_no_other_event_loop_is_used(host_api: Api) -> None:
    async with following(host_api.kubeconfig, host_api.namespace) as followed:
        await followed.recover()
        modules = {str(type(obj).__module__) for obj in gc.get_objects()}
        assert not any(module.startswith("kubernetes_asyncio.client.models") for module in modules)
        assert "uvloop" not in sys.modules
