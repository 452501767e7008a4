"""Each alert fires when what it is about happens to a real provider or controller, and ends when that is over."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube.certificates import KeyPair, Subject, issue
from kube.client import PatchType
from kube.resources import LEASES, PODS, RESOURCE_QUOTAS, SERVICES
from sandbox.provider import NODE
from sandbox.session import ApiServer, Session
from tests.cluster_fixtures import FOLDER, Api
from tests.eventually import eventually_true
from tests.faulty_proxy import Request, is_list, response
from tests.integration.monitoring.prometheus import Target, prometheus
from tests.integration.monitoring.watched import Watched, watched
from tests.integration.vk_provider.controlling import author
from tests.ports import free_port
from vk_provider.install.alerts import CONTROLLER_JOB, GROUPS, RUNBOOKS, rules

FAILURE = response("500 Internal Server Error", b"")
FORBIDDEN = response(
    "403 Forbidden",
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"not you"}',
    "Content-Type: application/json",
)


@pytest.fixture
def program(sandbox_session: Session) -> Path:
    return sandbox_session.binaries.tool("prometheus")


@pytest.fixture
async def world(
    host_api_server: ApiServer, virtual_api_server: ApiServer, program: Path, tmp_path: Path
) -> AsyncIterator[Watched]:
    async with watched(host_api_server, virtual_api_server, program, tmp_path) as ready:
        yield ready


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def writes_services(request: Request) -> bool:
    return request.method in ("POST", "PATCH") and "/services" in request.target


async def test_a_provider_that_does_its_work_alerts_nobody(world: Watched) -> None:
    await world.start()
    await world.virtual.create(SERVICES, service("web"), world.namespace)

    async def has_reflected() -> bool:
        return bool(await world.prometheus.query('vkp_reflection_lag_seconds_count{kind="services"} > 0'))

    await eventually_true(has_reflected, "the Service to be reflected, and that to be seen")
    await world.prometheus.has_looked()
    # There is no controller here.
    assert (await world.prometheus.firing()).keys() <= {"VkProviderControllerDown"}


async def test_a_provider_that_is_killed(world: Watched) -> None:
    await world.start()
    await world.prometheus.is_calm("VkProviderDown")
    world.provider.kill()
    fired = await world.prometheus.fires("VkProviderDown", namespace=world.provider.namespace, virtual_cluster="tenant")
    assert fired["severity"] == "critical"
    assert f"provider-0 of {world.provider.namespace}/tenant" in fired["summary"]
    await world.start()
    await world.prometheus.is_calm("VkProviderDown")


async def test_a_collection_that_cannot_be_read(world: Watched) -> None:
    world.host_proxy.answer(FAILURE, to=lambda request: "/events" in request.target)
    await world.start()
    await world.prometheus.fires("VkProviderInformerNotSynced", name="host events")
    await world.prometheus.fires("VkProviderInformerFailing", name="host events")
    world.host_proxy.heal()
    await world.prometheus.is_calm("VkProviderInformerNotSynced", "VkProviderInformerFailing")


async def test_an_api_server_that_takes_its_time(world: Watched) -> None:
    await world.start()
    world.host_proxy.slow = writes_services  # were the Lease as late, nobody would lead
    world.host_proxy.latency = 6.0
    await world.virtual.create(SERVICES, service("web"), world.namespace)
    await world.prometheus.fires("VkProviderReflectionLagHigh", kind="services", direction="to_host")
    world.host_proxy.latency = 0.0
    await world.prometheus.is_calm("VkProviderReflectionLagHigh")


async def test_an_api_server_that_never_answers(world: Watched) -> None:
    await world.start()
    world.host_proxy.hang(to=writes_services)
    for number in range(20):
        await world.virtual.create(SERVICES, service(f"web-{number}"), world.namespace)
    await world.prometheus.fires("VkProviderQueueStuck", name="services")
    world.host_proxy.heal()
    await world.prometheus.is_calm("VkProviderQueueStuck")


async def test_a_host_without_which_nobody_can_lead(world: Watched) -> None:
    await world.start()
    await world.prometheus.is_calm("VkProviderWithoutLeader")
    world.host_proxy.hang()
    await world.prometheus.fires("VkProviderWithoutLeader", namespace=world.provider.namespace, name="vk-provider")
    world.host_proxy.heal()
    await world.prometheus.is_calm("VkProviderWithoutLeader")


async def test_an_api_server_that_fails(world: Watched) -> None:
    await world.start()
    world.host_proxy.answer(FAILURE, to=writes_services)
    for number in range(5):
        await world.virtual.create(SERVICES, service(f"web-{number}"), world.namespace)
    await world.prometheus.fires("VkProviderReconcileFailures", name="services")
    await world.prometheus.fires("VkProviderApiErrors", server="host")
    world.host_proxy.heal()
    await world.prometheus.is_calm("VkProviderReconcileFailures", "VkProviderApiErrors")


async def test_a_quota_that_is_used_up(world: Watched) -> None:
    hard = {"hard": {"services": "0"}}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": hard}
    namespace = world.provider.namespace
    await world.host.create(RESOURCE_QUOTAS, quota, namespace)
    counted = {"status": {**hard, "used": {"services": "0"}}}  # as the controller-manager would
    await world.host.patch(
        RESOURCE_QUOTAS, "none", counted, namespace, patch_type=PatchType.MERGE, subresource="status"
    )
    await world.start()
    await world.virtual.create(SERVICES, service("web"), world.namespace)
    await world.prometheus.fires("VkProviderWritesRefused", name="services")
    assert "VkProviderReconcileFailures" not in await world.prometheus.firing()


async def test_a_kind_that_may_not_be_seen_and_tenants_who_cannot_be_told(world: Watched) -> None:
    def lists_policies(request: Request) -> bool:
        return is_list(request) and "/networkpolicies" in request.target

    world.host_proxy.answer(FORBIDDEN, to=lists_policies)
    world.virtual_proxy.answer(FORBIDDEN, to=lambda it: it.method == "POST" and "/events?" in it.target)
    await world.start()
    await world.prometheus.fires("VkProviderComponentOff", name="networkpolicies")
    # A counter that was there at the first look did not grow, as far as Prometheus knows.
    await world.virtual.create(PODS, _pod("refused", hostNetwork=True), world.namespace)
    await world.prometheus.fires("VkProviderEventsDropped", component="vk-provider")


async def test_a_certificate_that_nobody_renews(world: Watched, tmp_path: Path) -> None:
    files = [tmp_path / "serving.crt", tmp_path / "serving.key"]
    _write_certificate(world, files, days=30)
    await world.start(f"--kubelet-certificate={files[0]}", f"--kubelet-key={files[1]}")
    await world.prometheus.has_looked()
    assert "VkProviderCertificateExpiring" not in await world.prometheus.firing()
    _write_certificate(world, files, days=2)
    fired = await world.prometheus.fires("VkProviderCertificateExpiring", name="kubelet serving")
    assert "ends in 1d 23h" in fired["summary"]


def _write_certificate(world: Watched, files: list[Path], *, days: float) -> None:
    """Put a certificate for so long into the files."""
    folder, names = world.provider.virtual.certificates, [world.provider.host.machine]
    authority = KeyPair((folder / "ca.crt").read_bytes(), (folder / "ca.key").read_bytes())
    subject = Subject(f"system:node:{NODE}", ("system:nodes",))
    lifetime = timedelta(days=days)
    pair = issue(authority, subject, usages=["server"], names=names, now=datetime.now(UTC), lifetime=lifetime)
    files[0].write_bytes(pair.certificate)
    files[1].write_bytes(pair.key)


async def test_streams_without_end(world: Watched) -> None:
    await world.start("--max-streams=4")
    await world.virtual.create(PODS, _pod("web"), world.namespace)

    async def is_on_host() -> bool:
        return bool((await world.host.list(PODS, world.provider.namespace)).objects)

    await eventually_true(is_on_host, "the pod to be on the host")
    world.host_proxy.hang()
    path = f"/containerLogs/{world.namespace}/web/main?follow=true"
    async with world.kubelet_api() as session, asyncio.TaskGroup() as group:
        open_streams = [group.create_task(session.get(path)) for _ in range(4)]
        await world.prometheus.fires("VkProviderStreamsNearLimit", pod="provider-0")
        async with session.get(path) as refused:
            assert refused.status == 503
        await world.prometheus.fires("VkProviderStreamsRefused", pod="provider-0")
        for stream in open_streams:
            stream.cancel()
    world.host_proxy.heal()
    await world.prometheus.is_calm("VkProviderStreamsNearLimit", "VkProviderStreamsRefused")


def _pod(name: str, **more: Any) -> dict[str, Any]:
    spec = {"nodeName": NODE, "automountServiceAccountToken": False, "containers": [{"name": "main", "image": "app:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {**spec, **more}}


async def test_a_controller_that_is_not_there_does_not_lead_or_has_a_cluster_that_is_not_ready(
    host_api: Api, program: Path, tmp_path: Path
) -> None:
    port = free_port()
    target = Target(port, {"job": CONTROLLER_JOB, "namespace": host_api.namespace, "pod": "controller-0"})
    with prometheus(program, tmp_path, [target]) as watcher:
        async with author(host_api) as user:
            await watcher.fires("VkProviderControllerDown")
            await user.client.create(LEASES, _held(), host_api.namespace)
            await user.create("demo")
            async with user.controlled(f"--health-port={port}"):
                await watcher.fires("VkProviderWithoutLeader", name="vk-provider-controller")
                await watcher.is_calm("VkProviderControllerDown")
                await user.client.delete(LEASES, "vk-provider-controller", host_api.namespace)
                await watcher.fires("VkProviderClusterNotReady", cluster="demo", cluster_namespace=host_api.namespace)
                await watcher.is_calm("VkProviderWithoutLeader")


def _held() -> dict[str, Any]:
    """A Lease that somebody holds for an hour."""
    spec = {"holderIdentity": "nobody-knows", "leaseDurationSeconds": 3600}
    metadata = {"name": "vk-provider-controller"}
    return {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": metadata, "spec": spec}


def test_each_alert_is_provoked_here_and_explained_to_whoever_is_called() -> None:
    provoked, explained = Path(__file__).read_text(), (FOLDER.parent / RUNBOOKS).read_text()
    for alert in (alert for alerts in GROUPS.values() for alert in alerts):
        assert re.search(rf'fires\(\s*"{alert.name}"', provoked), alert.name
        assert f"### {alert.name}\n" in explained, alert.name
        assert f"{RUNBOOKS}#{alert.name.lower()}" in alert.rule()["annotations"]["runbook"]


def test_prometheus_takes_the_rules(sandbox_session: Session, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(rules()))
    subprocess.run([sandbox_session.binaries.tool("promtool"), "check", "rules", file], check=True, capture_output=True)
