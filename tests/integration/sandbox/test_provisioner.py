import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kube.client import Client, PatchType
from kube.informer import Informer
from kube.objects import Key, Object
from kube.resources import EVENTS, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES
from sandbox.local_volumes import CLASS_NAME, storage_class
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.integration.sandbox.programs import connected, running, watched

AT_ONCE, RETAINED = "local-at-once", "local-retained"  # classes that need no pod to be looked at


@pytest.fixture
async def client(virtual_api: Api) -> AsyncIterator[Client]:
    async with connected(virtual_api.kubeconfig) as client:
        for name, policy in ((AT_ONCE, "Delete"), (RETAINED, "Retain")):
            body = storage_class() | {"volumeBindingMode": "Immediate", "reclaimPolicy": policy}
            await client.create(STORAGE_CLASSES, body | {"metadata": {"name": name}})
        yield client
        for name in (AT_ONCE, RETAINED, CLASS_NAME):
            await client.request("DELETE", STORAGE_CLASSES.path(), query=[("fieldSelector", f"metadata.name={name}")])


@pytest.fixture
async def claims(client: Client, virtual_api: Api) -> AsyncIterator[Informer]:
    async with watched(client, PERSISTENT_VOLUME_CLAIMS, virtual_api.namespace) as claims:
        yield claims


@pytest.fixture
async def volumes(client: Client) -> AsyncIterator[Informer]:
    async with watched(client, PERSISTENT_VOLUMES) as volumes:
        yield volumes


def claim(name: str, storage_class: str | None = AT_ONCE, **spec: Any) -> dict[str, Any]:
    chosen = {} if storage_class is None else {"storageClassName": storage_class}
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": asked | chosen | spec,
    }


def bound(claims: Informer) -> list[str]:
    """The names of the volumes that claims are bound to."""
    return [each.decode("spec")["volumeName"] for each in claims.store.values() if phase(each) == "Bound"]


def phase(obj: Object) -> str:
    return str((obj.decode("status") or {}).get("phase"))


async def create(client: Client, api: Api, body: dict[str, Any]) -> Object:
    return await client.create(PERSISTENT_VOLUME_CLAIMS, body, api.namespace)


async def test_a_claim_gets_a_directory_where_its_pod_goes_and_both_go_with_it(
    client: Client, virtual_api: Api, claims: Informer, volumes: Informer, tmp_path: Path
) -> None:
    pod = {
        "metadata": {"name": "user"},
        "spec": {
            "containers": [{"name": "app", "image": "busybox", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    }
    fleet = ("--name", "disk", "--nodes", "1")
    with (
        running("provisioner", virtual_api.kubeconfig, "--root", str(tmp_path)),
        running("simulator", virtual_api.kubeconfig, *fleet),
    ):
        async with watched(client, STORAGE_CLASSES) as classes:
            await eventually(lambda: Key("", CLASS_NAME) in classes.store, "the default class")
        await create(client, virtual_api, claim("data", storage_class=None))
        await client.create(PODS, pod, virtual_api.namespace)
        await eventually(lambda: bound(claims), "the claim to be bound", seconds=60)
        volume = volumes.store.get(Key("", bound(claims)[0]))
        assert volume is not None
        assert "disk-0" in str(volume.decode("spec")["nodeAffinity"])
        assert (tmp_path / volume.name).is_dir()
        await client.delete(PODS, "user", virtual_api.namespace)
        await client.delete(PERSISTENT_VOLUME_CLAIMS, "data", virtual_api.namespace)
        await eventually(lambda: volume.key not in volumes.store, "the volume to be gone", seconds=60)
        assert folders(tmp_path) == set()
    await client.delete(NODES, "disk-0")


async def test_a_retained_volume_keeps_its_directory(
    client: Client, virtual_api: Api, claims: Informer, volumes: Informer, tmp_path: Path
) -> None:
    with running("provisioner", virtual_api.kubeconfig, "--root", str(tmp_path)):
        await create(client, virtual_api, claim("kept", RETAINED))
        await create(client, virtual_api, claim("dropped", AT_ONCE))
        await eventually(lambda: len(bound(claims)) == 2, "the claims to be bound", seconds=60)
        kept, dropped = (volume_of(claims, virtual_api, name) for name in ("kept", "dropped"))
        for name in ("kept", "dropped"):
            await client.delete(PERSISTENT_VOLUME_CLAIMS, name, virtual_api.namespace)
        await eventually(lambda: Key("", dropped) not in volumes.store, "the other volume to be gone", seconds=60)
        await eventually(lambda: phase_of(volumes, kept) == "Released", "the volume to be released")
    assert folders(tmp_path) == {kept}
    await client.delete(PERSISTENT_VOLUMES, kept)


async def test_a_claim_can_grow(client: Client, virtual_api: Api, claims: Informer, tmp_path: Path) -> None:
    def sizes() -> set[str]:
        return {each.decode("status").get("capacity", {}).get("storage") for each in claims.store.values()}

    more = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    with running("provisioner", virtual_api.kubeconfig, "--root", str(tmp_path)):
        await create(client, virtual_api, claim("data"))
        await eventually(lambda: sizes() == {"1Gi"}, "the claim to be bound", seconds=60)
        await client.patch(PERSISTENT_VOLUME_CLAIMS, "data", more, virtual_api.namespace, patch_type=PatchType.MERGE)
        await eventually(lambda: sizes() == {"2Gi"}, "the claim to have grown", seconds=60)
        await remove_all(client, virtual_api, claims)


async def test_what_cannot_be_made_is_refused_by_an_event(client: Client, virtual_api: Api, tmp_path: Path) -> None:
    def reasons() -> list[str]:
        return [f"{event.decode('reason')}: {event.decode('message')}" for event in events.store.values()]

    with running("provisioner", virtual_api.kubeconfig, "--root", str(tmp_path)):
        async with watched(client, EVENTS, virtual_api.namespace) as events:
            await create(client, virtual_api, claim("block", volumeMode="Block"))
            refusal = "ProvisioningFailed: spec.volumeMode: Block is not possible with directories; use Filesystem"
            await eventually(lambda: refusal in reasons(), "the event", seconds=60)


async def test_killed_again_and_again_it_makes_each_volume_once(
    client: Client, virtual_api: Api, claims: Informer, volumes: Informer, tmp_path: Path
) -> None:
    for turn in range(4):
        await create_five_and_kill(client, virtual_api, turn, tmp_path)
    with running("provisioner", virtual_api.kubeconfig, "--root", str(tmp_path)):
        await eventually(lambda: len(bound(claims)) == 20, "all claims to be bound", seconds=60)
        assert set(bound(claims)) == volumes_for(virtual_api, volumes) == folders(tmp_path)
        await remove_all(client, virtual_api, claims)
        await eventually(lambda: not volumes_for(virtual_api, volumes), "all volumes to be gone", seconds=60)
    assert folders(tmp_path) == set()


async def create_five_and_kill(client: Client, api: Api, turn: int, root: Path) -> None:
    """Kill it when the first volume of this turn is there and others are being made."""
    with running("provisioner", api.kubeconfig, "--root", str(root)) as provisioner:
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(create(client, api, claim(f"c{turn}-{number}")))
        await eventually(lambda: len(folders(root)) > 5 * turn, "a directory of this turn", seconds=60)
        provisioner.kill()
        provisioner.wait()


def folders(root: Path) -> set[str]:
    return {folder.name for folder in root.iterdir()}


def volumes_for(api: Api, volumes: Informer) -> set[str]:
    """Volumes have no namespace, and other tests have left some."""
    claimed = ((each.name, each.decode("spec").get("claimRef") or {}) for each in volumes.store.values())
    return {name for name, claim in claimed if claim.get("namespace") == api.namespace}


def volume_of(claims: Informer, api: Api, name: str) -> str:
    held = claims.store.get(Key(api.namespace, name))
    assert held is not None
    return str(held.decode("spec")["volumeName"])


def phase_of(volumes: Informer, name: str) -> str | None:
    volume = volumes.store.get(Key("", name))
    return None if volume is None else phase(volume)


async def remove_all(client: Client, api: Api, claims: Informer) -> None:
    for each in claims.store.values():
        await client.delete(PERSISTENT_VOLUME_CLAIMS, each.name, api.namespace)
    await eventually(lambda: not claims.store.values(), "the claims to be gone", seconds=60)
