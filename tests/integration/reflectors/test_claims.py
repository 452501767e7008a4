"""Claims between two real API servers, beside the virtual cluster's own volume controller and scheduler.

The host has no controllers: the test says what its volume controller would.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kube.client import PatchType
from kube.clock import SystemClock
from kube.errors import NotFound
from kube.event_recorder import EventRecorder
from kube.objects import Object
from kube.resources import EVENTS, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES
from reflectors.claims import ClaimReflector
from reflectors.sides import Sides as ReflectorSides
from reflectors.translation.metadata import NAMESPACE_LABEL
from reflectors.translation.placeholder_volumes import PROVISIONER
from tests.cluster_fixtures import Api
from tests.eventually import eventually
from tests.integration.reflectors.sides import Sides, new_tools, sides, until

CLASS = "fast"


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with sides(host_api, virtual_api) as opened:
        yield opened


@asynccontextmanager
async def reflecting(both: Sides) -> AsyncIterator[ClaimReflector]:
    clock = SystemClock()
    recorder = EventRecorder(both.virtual, "test", clock)
    told = ReflectorSides(both.host, both.virtual, recorder, both.node)
    tools = new_tools(told, both.context, clock)
    reflector = ClaimReflector(tools, wanted=lambda claim: claim.namespace == both.namespace)
    tasks = [asyncio.create_task(reflector.run()), asyncio.create_task(recorder.run())]
    try:
        await eventually(lambda: reflector.synced, "both sides to be read")
        yield reflector
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def claim_body(both: Sides, name: str, storage: str = "1Gi", **spec: Any) -> dict[str, Any]:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": both.namespace},
        "spec": {"storageClassName": CLASS, **asked, **spec},
    }


async def host_claim(both: Sides, name: str) -> Object | None:
    host_name = both.context.host_name("PersistentVolumeClaim", both.namespace, name)
    try:
        return await both.host.get(PERSISTENT_VOLUME_CLAIMS, host_name, both.host_namespace)
    except NotFound:
        return None


async def virtual_claim(both: Sides, name: str) -> Object | None:
    try:
        return await both.virtual.get(PERSISTENT_VOLUME_CLAIMS, name, both.namespace)
    except NotFound:
        return None


async def in_phase(both: Sides, name: str, phase: str) -> Object | None:
    claim = await virtual_claim(both, name)
    return claim if claim is not None and claim.decode("status").get("phase") == phase else None


async def volume_of(both: Sides, claim: Object) -> Object | None:
    try:
        return await both.virtual.get(PERSISTENT_VOLUMES, f"pvc-{claim.uid}")
    except NotFound:
        return None


async def made(both: Sides, name: str, **spec: Any) -> Object:
    """A new virtual claim that has its host claim."""
    claim = await both.virtual.create(PERSISTENT_VOLUME_CLAIMS, claim_body(both, name, **spec))
    await until(lambda: host_claim(both, name), "the host claim")
    return claim


async def bind_on_host(both: Sides, name: str, **status: Any) -> None:
    """What the host's volume controller would write."""
    host = await host_claim(both, name)
    assert host is not None
    volume = {"spec": {"volumeName": f"volume-{host.uid}"}}
    await _patch_host(both, host, volume)
    true = {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, **status}
    await _patch_host(both, host, {"status": true}, subresource="status")


async def wait_on_host(both: Sides, name: str) -> None:
    """What the host's volume controller would say of a claim of a class that waits for pods."""
    host = await host_claim(both, name)
    assert host is not None
    about = {"kind": "PersistentVolumeClaim", "namespace": host.namespace, "name": host.name, "uid": host.uid}
    event = {"metadata": {"name": f"{name}-waits"}, "involvedObject": about, "reason": "WaitForFirstConsumer"}
    await both.host.create(EVENTS, event, both.host_namespace)


async def bound(both: Sides, name: str, **spec: Any) -> Object:
    await made(both, name, **spec)
    await bind_on_host(both, name)
    return await until(lambda: in_phase(both, name, "Bound"), "the virtual claim to be bound")


async def test_a_claim_is_bound_when_the_hosts_is_and_has_a_volume_of_its_own(both: Sides) -> None:
    async with reflecting(both):
        await made(both, "data")
        assert await in_phase(both, "data", "Pending")
        await bind_on_host(both, "data", capacity={"storage": "2Gi"})
        claim = await until(lambda: in_phase(both, "data", "Bound"), "the virtual claim to be bound")

        async def has_capacity() -> Object | None:
            seen = await virtual_claim(both, "data")
            return seen if seen is not None and seen.decode("status").get("capacity") == {"storage": "2Gi"} else None

        await until(has_capacity, "the capacity to be told")
    volume = await volume_of(both, claim)
    assert volume is not None
    assert claim.decode("spec")["volumeName"] == volume.name
    assert volume.decode("spec")["capacity"] == {"storage": "2Gi"}
    assert volume.decode("spec")["claimRef"]["uid"] == claim.uid
    host = await host_claim(both, "data")
    assert host is not None
    assert host.decode("spec")["storageClassName"] == CLASS
    assert await _told(both, "data", "ClaimLost") is None  # which the volume controller says of a volume it did not see
    assert not [key for key in host.metadata.annotations if key.startswith(("pv.kubernetes.io/", "volume."))]


async def test_a_deleted_claim_takes_its_volume_and_its_host_claim_along(both: Sides) -> None:
    async with reflecting(both):
        claim = await bound(both, "data")
        await both.virtual.delete(PERSISTENT_VOLUME_CLAIMS, "data", both.namespace)
        await until(lambda: _gone(virtual_claim(both, "data")), "the virtual claim to go")
        await until(lambda: _released(both, "data"), "the host claim to be deleted")
        await until(lambda: _gone(volume_of(both, claim)), "the volume to go")


async def test_a_retained_volume_stays_released(both: Sides) -> None:
    async with reflecting(both):
        await made(both, "data")
        host = await host_claim(both, "data")
        assert host is not None
        await both.host.create(PERSISTENT_VOLUMES, _host_volume(f"volume-{host.uid}", policy="Retain"))
        await bind_on_host(both, "data")
        claim = await until(lambda: in_phase(both, "data", "Bound"), "the virtual claim to be bound")
        await both.virtual.delete(PERSISTENT_VOLUME_CLAIMS, "data", both.namespace)

        async def released() -> Object | None:
            volume = await volume_of(both, claim)
            return volume if volume is not None and volume.decode("status")["phase"] == "Released" else None

        volume = await until(released, "the volume to be released")
        assert volume.decode("spec")["persistentVolumeReclaimPolicy"] == "Retain"
        await both.virtual.delete(PERSISTENT_VOLUMES, volume.name)
        await until(lambda: _gone(volume_of(both, claim)), "the volume to go")
        await both.host.delete(PERSISTENT_VOLUMES, f"volume-{host.uid}")


async def test_a_claim_whose_host_claim_is_taken_away_is_lost(both: Sides) -> None:
    async with reflecting(both):
        claim = await bound(both, "data")
        host = await host_claim(both, "data")
        assert host is not None
        await _patch_host(both, host, {"metadata": {"finalizers": None}})
        await both.host.delete(PERSISTENT_VOLUME_CLAIMS, host.name, both.host_namespace)
        await until(lambda: in_phase(both, "data", "Lost"), "the claim to be lost")
        assert await volume_of(both, claim) is None
        await until(lambda: _told(both, "data", "HostClaimLost: "), "the tenant to be told")
        assert await host_claim(both, "data") is None


async def test_more_space_is_asked_of_the_host_and_told_when_it_is_there(both: Sides) -> None:
    storage_class = f"grows-{both.namespace}"
    await both.virtual.create(STORAGE_CLASSES, _class(storage_class, "Immediate"))
    await both.host.create(STORAGE_CLASSES, _class(storage_class, "Immediate"))
    async with reflecting(both):
        await bound(both, "data", storageClassName=storage_class)
        more = {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
        await both.virtual.patch(PERSISTENT_VOLUME_CLAIMS, "data", more, both.namespace, patch_type=PatchType.MERGE)

        async def asked() -> Object | None:
            host = await host_claim(both, "data")
            return host if host and host.decode("spec")["resources"]["requests"] == {"storage": "3Gi"} else None

        host = await until(asked, "the host to be asked")
        resizing = {"type": "FileSystemResizePending", "status": "True", "message": "wait"}
        await _patch_host(both, host, {"status": {"conditions": [resizing]}}, subresource="status")

        async def resized(**status: Any) -> Object | None:
            claim = await virtual_claim(both, "data")
            assert claim is not None
            told = claim.decode("status")
            return claim if all(told.get(field) == value for field, value in status.items()) else None

        async def pending() -> bool | None:
            claim = await virtual_claim(both, "data")
            conditions = claim.decode("status").get("conditions") if claim else None
            return True if conditions and conditions[0]["type"] == "FileSystemResizePending" else None

        await until(pending, "the condition")
        done = {"status": {"conditions": None, "capacity": {"storage": "3Gi"}}}
        await _patch_host(both, host, done, subresource="status")
        claim = await until(lambda: resized(capacity={"storage": "3Gi"}, conditions=None), "the new size")

        async def larger() -> bool | None:
            volume = await volume_of(both, claim)
            return True if volume and volume.decode("spec")["capacity"] == {"storage": "3Gi"} else None

        await until(larger, "the volume to have the new size")


@pytest.mark.parametrize("mode", [None, "WaitForFirstConsumer", "Immediate"])
async def test_a_pod_whose_claim_the_host_binds_late_is_scheduled(both: Sides, mode: str | None) -> None:
    storage_class = f"late-{both.namespace}"
    if mode is not None:  # else the class is not known in the virtual cluster
        await both.virtual.create(STORAGE_CLASSES, _class(storage_class, mode))
    await both.virtual.create(NODES, _node(both))
    await both.virtual.patch(NODES, both.node, _READY, patch_type=PatchType.STRATEGIC, subresource="status")
    async with reflecting(both):
        await made(both, "data", storageClassName=storage_class)
        await both.virtual.create(PODS, _pod(both, "web", "data"))
        await wait_on_host(both, "data")

        async def scheduled() -> Object | None:
            pod = await both.virtual.get(PODS, "web", both.namespace)
            return pod if pod.decode("spec").get("nodeName") == both.node else None

        await until(scheduled, "the pod to be scheduled", seconds=60)
        await bind_on_host(both, "data", capacity={"storage": "5Gi"})

        async def told() -> Object | None:
            claim = await virtual_claim(both, "data")
            volume = await volume_of(both, claim) if claim else None
            return volume if volume and volume.decode("spec")["capacity"] == {"storage": "5Gi"} else None

        await until(told, "the volume to say what the host's is")
        await both.virtual.delete(PODS, "web", both.namespace, grace_period_seconds=0)
    await both.virtual.delete(NODES, both.node)


async def test_a_claim_that_the_host_cannot_bind_is_not_said_to_be_bound_for_a_pods_sake(both: Sides) -> None:
    async with reflecting(both):
        stuck = await made(both, "stuck")
        await both.virtual.create(PODS, _pod(both, "web", "stuck"))
        await both.virtual.create(PODS, _pod(both, "other", "late"))
        late = await made(both, "late")
        await wait_on_host(both, "late")
        await until(lambda: volume_of(both, late), "the volume of the claim that waits for its pod")
        assert await volume_of(both, stuck) is None
        for pod in ("web", "other"):
            await both.virtual.delete(PODS, pod, both.namespace, grace_period_seconds=0)


async def test_what_happened_while_nobody_looked_is_made_good(both: Sides) -> None:
    async with reflecting(both):
        gone, lost = await bound(both, "gone"), await bound(both, "lost")
    await both.virtual.delete(PERSISTENT_VOLUME_CLAIMS, "gone", both.namespace)
    host = await host_claim(both, "lost")
    assert host is not None
    await _patch_host(both, host, {"metadata": {"finalizers": None}})
    await both.host.delete(PERSISTENT_VOLUME_CLAIMS, host.name, both.host_namespace)
    async with reflecting(both):
        await until(lambda: _released(both, "gone"), "the host claim to be deleted")
        await until(lambda: _gone(volume_of(both, gone)), "its volume to go")
        await until(lambda: in_phase(both, "lost", "Lost"), "the claim to be lost")
        await until(lambda: _gone(volume_of(both, lost)), "the lost volume to go")


async def test_a_second_look_writes_nothing(both: Sides) -> None:
    async with reflecting(both):
        await bound(both, "data")
    before = await _versions(both)
    async with reflecting(both):
        await bound(both, "mark")
    assert {name: version for name, version in (await _versions(both)).items() if name in before} == before


async def _versions(both: Sides) -> dict[str, str]:
    ours = f"{NAMESPACE_LABEL}={both.namespace}"  # other tests' namespaces may be on their way
    found = [
        *(await both.virtual.list(PERSISTENT_VOLUME_CLAIMS, both.namespace)).objects,
        *(await both.host.list(PERSISTENT_VOLUME_CLAIMS, both.host_namespace, label_selector=ours)).objects,
    ]
    volumes = [await volume_of(both, claim) for claim in found]
    return {obj.name: obj.resource_version for obj in [*found, *volumes] if obj is not None}


async def _gone(look: Any) -> bool | None:
    return True if await look is None else None


async def _released(both: Sides, name: str) -> bool | None:
    """Nobody is there to take the finalizer off that protects claims in use."""
    host = await host_claim(both, name)
    return True if host is None or host.metadata.deletion_timestamp is not None else None


async def _told(both: Sides, name: str, beginning: str) -> str | None:
    return next((text for text in await both.events(name) if text.startswith(beginning)), None)


async def _patch_host(both: Sides, host: Object, body: Mapping[str, Any], *, subresource: str | None = None) -> None:
    await both.host.patch(
        PERSISTENT_VOLUME_CLAIMS,
        host.name,
        dict(body),
        both.host_namespace,
        patch_type=PatchType.MERGE,
        subresource=subresource,
    )


def _class(name: str, mode: str) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": PROVISIONER,
        "volumeBindingMode": mode,
        "allowVolumeExpansion": True,
    }


def _host_volume(name: str, *, policy: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "hostPath": {"path": "/data"},
            "persistentVolumeReclaimPolicy": policy,
        },
    }


_READY = {
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "allocatable": {"cpu": "4", "memory": "4Gi", "pods": "10"},
        "capacity": {"cpu": "4", "memory": "4Gi", "pods": "10"},
    }
}


def _node(both: Sides) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": both.node, "labels": {"only-for": both.node}},
        "spec": {"taints": [{"key": "only-for", "value": both.node, "effect": "NoSchedule"}]},
    }


def _pod(both: Sides, name: str, claim: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": both.namespace},
        "spec": {
            "nodeSelector": {"only-for": both.node},
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "main", "image": "busybox:1.35"}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}],
        },
    }
