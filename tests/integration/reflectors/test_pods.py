"""The pod reflector between two real API servers: creation, status, change, deletion, and what it must leave alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from kube.client import PatchType
from kube.objects import Object
from kube.resources import PODS, RESOURCE_QUOTAS
from reflectors.translation.context import Version
from tests.cluster_fixtures import Api
from tests.integration.reflectors.sides import Sides, reflecting, sides, until

RUNNING = {
    "phase": "Running",
    "startTime": "2026-01-01T00:00:00Z",
    "podIP": "10.64.0.7",
    "podIPs": [{"ip": "10.64.0.7"}],
    "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
}
Look = Callable[[], Awaitable[Object | None]]


@pytest.fixture
async def both(host_api: Api, virtual_api: Api) -> AsyncIterator[Sides]:
    async with sides(host_api, virtual_api) as clients:
        yield clients


def status(pod: Object | None) -> dict[str, Any]:
    found: dict[str, Any] = (pod.decode("status") if pod else None) or {}
    return found


def host_pod(both: Sides, name: str) -> Look:
    return lambda: both.host_pod(name)


def in_phase(both: Sides, name: str, phase: str) -> Look:
    async def look() -> Object | None:
        pod = await both.virtual_pod(name)
        return pod if status(pod).get("phase") == phase else None

    return look


def gone(look: Look) -> Callable[[], Awaitable[bool | None]]:
    async def is_gone() -> bool | None:
        return None if await look() else True

    return is_gone


async def run_pod(both: Sides, name: str = "web") -> Object:
    """Create a virtual pod and let the host say that it runs."""
    await both.create(name)
    await until(host_pod(both, name), "the host pod")
    await both.say_on_host(name, RUNNING)
    return await until(in_phase(both, name, "Running"), "the virtual pod to run")


async def test_a_pod_runs_on_the_host_and_its_status_comes_back(both: Sides) -> None:
    async with reflecting(both):
        pod = await run_pod(both)
    assert status(pod)["podIP"] == "10.64.0.7"
    host = await both.host_pod("web")
    assert host is not None
    assert host.metadata.labels["app"] == "web"
    assert "nodeName" not in host.decode("spec")


async def test_a_tenants_change_of_labels_and_image_reaches_the_host_and_spares_what_the_host_added(
    both: Sides,
) -> None:
    async with reflecting(both):
        await run_pod(both)
        added = {"metadata": {"labels": {"mesh": "on"}, "annotations": {"mesh/revision": "7"}}}
        name = both.host_name("web")
        await both.host.patch(PODS, name, added, both.host_namespace, patch_type=PatchType.MERGE)
        change = {"metadata": {"labels": {"app": None, "tier": "front"}}, "spec": {"containers": [_image("busybox:2")]}}
        await both.virtual.patch(PODS, "web", change, both.namespace, patch_type=PatchType.STRATEGIC)

        async def look() -> Object | None:
            host = await both.host_pod("web")
            return host if host and host.metadata.labels.get("tier") == "front" else None

        host = await until(look, "the new label")
    assert "app" not in host.metadata.labels
    assert host.metadata.labels["mesh"] == "on"
    assert host.metadata.annotations["mesh/revision"] == "7"
    assert host.decode("spec")["containers"][0]["image"] == "busybox:2"
    virtual = await both.virtual_pod("web")
    assert virtual is not None
    assert "mesh" not in virtual.metadata.labels


async def test_a_deleted_pod_terminates_until_its_host_pod_is_gone_and_keeps_the_grace_it_was_given(
    both: Sides,
) -> None:
    async with reflecting(both):
        await run_pod(both)
        # Without a node on the host the API server deletes at once; a finalizer stands for the kubelet's work.
        await _hold(both, "web", held=True)
        await both.virtual.delete(PODS, "web", both.namespace, grace_period_seconds=17)

        async def look() -> Object | None:
            host = await both.host_pod("web")
            return host if host and host.metadata.deletion_timestamp else None

        await until(look, "the host pod's deletion")
        assert await both.virtual_pod("web") is not None
        await _hold(both, "web", held=False)
        await until(gone(lambda: both.virtual_pod("web")), "the virtual pod's end")


async def test_a_pod_recreated_under_its_name_gets_a_host_pod_of_its_own(both: Sides) -> None:
    async with reflecting(both):
        await run_pod(both)
        before = await both.host_pod("web")
        await both.virtual.delete(PODS, "web", both.namespace, grace_period_seconds=0)
        await both.create("web")

        async def look() -> Object | None:
            host = await both.host_pod("web")
            return host if host and before and host.uid != before.uid else None

        await until(look, "another host pod")
        assert status(await both.virtual_pod("web")).get("podIP") is None


async def test_a_pod_whose_host_pod_is_taken_away_has_failed(both: Sides) -> None:
    async with reflecting(both):
        await run_pod(both)
        await both.take_from_host("web")
        pod = await until(in_phase(both, "web", "Failed"), "the virtual pod to fail")
    assert status(pod)["reason"] == "HostPodDeleted"
    assert await both.host_pods() == []


async def test_a_foreign_pod_under_our_name_is_left_alone_and_the_tenant_told(both: Sides) -> None:
    foreign = {"metadata": {"name": both.host_name("web")}, "spec": {"containers": [_image("busybox:1.35")]}}
    await both.host.create(PODS, {"apiVersion": "v1", "kind": "Pod", **foreign}, both.host_namespace)
    before = await both.host_pod("web")
    async with reflecting(both):
        await both.create("web")
        await until(lambda: _told(both, "web", "ForeignObject: "), "the event")
    after = await both.host_pod("web")
    assert before is not None
    assert after is not None
    assert (after.uid, after.resource_version) == (before.uid, before.resource_version)


async def test_a_quota_refusal_shows_on_the_pod_and_heals_when_there_is_room(both: Sides) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}, "status": {"hard": {"pods": "0"}}}
    await both.host.create(RESOURCE_QUOTAS, {"apiVersion": "v1", "kind": "ResourceQuota", **quota}, both.host_namespace)
    used = {"status": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}
    await both.host.patch(
        RESOURCE_QUOTAS, "none", used, both.host_namespace, patch_type=PatchType.MERGE, subresource="status"
    )
    async with reflecting(both):
        await both.create("web")
        await until(lambda: _told(both, "web", "HostRefused: the host cluster refuses this: "), "the event")
        assert status(await both.virtual_pod("web"))["reason"] == "HostRefused"
        await both.host.delete(RESOURCE_QUOTAS, "none", both.host_namespace)
        await until(host_pod(both, "web"), "the host pod", seconds=90)


async def test_what_the_host_lets_fall_without_a_word_is_told(both: Sides) -> None:
    newer = replace(both, context=replace(both.context, host_version=Version(1, 36)))  # than it is
    async with reflecting(newer):
        await both.create("web", setHostnameAsFQDN=True, subdomain="sub")
        await until(lambda: _told(both, "web", "NotHonoured: spec.hostnameOverride: the host, "), "the event")


async def test_what_happened_while_nobody_looked_is_made_good(both: Sides) -> None:
    async with reflecting(both):
        for name in ("stays", "forced-away", "taken-away"):
            await run_pod(both, name)
    await both.virtual.delete(PODS, "forced-away", both.namespace, grace_period_seconds=0)
    await both.take_from_host("taken-away")
    await both.create("new")
    async with reflecting(both):
        await until(host_pod(both, "new"), "the new pod")
        await until(gone(host_pod(both, "forced-away")), "the orphan's end")
        await until(in_phase(both, "taken-away", "Failed"), "the lost pod to fail")
    assert status(await both.virtual_pod("stays"))["phase"] == "Running"


async def test_a_second_look_writes_nothing(both: Sides) -> None:
    async with reflecting(both):
        for name in ("one", "two"):
            await run_pod(both, name)
    before = await _versions(both)
    async with reflecting(both):
        await run_pod(both, "mark")  # once this one is through, so are those that were there before
    assert {name: version for name, version in (await _versions(both)).items() if "mark" not in name} == before


async def test_two_clusters_in_one_host_namespace_do_not_see_each_other(
    both: Sides, host_api: Api, virtual_api: Api
) -> None:
    async with reflecting(both):
        await run_pod(both)
        async with sides(host_api, virtual_api, cluster="other") as others:
            elsewhere = Sides(others.host, others.virtual, others.host_namespace, "default", others.context)
            async with reflecting(elsewhere):
                await run_pod(both, "second")
    assert len(await both.host_pods()) == 2


def _image(image: str) -> dict[str, str]:
    return {"name": "main", "image": image}


async def _hold(both: Sides, name: str, *, held: bool) -> None:
    patch = {"metadata": {"finalizers": ["test.example/held"] if held else None}}
    await both.host.patch(PODS, both.host_name(name), patch, both.host_namespace, patch_type=PatchType.MERGE)


async def _told(both: Sides, name: str, beginning: str) -> str | None:
    return next((text for text in await both.events(name) if text.startswith(beginning)), None)


async def _versions(both: Sides) -> dict[str, str]:
    pods = [*await both.host_pods(), *(await both.virtual.list(PODS, both.namespace)).objects]
    return {pod.name: pod.resource_version for pod in pods}
