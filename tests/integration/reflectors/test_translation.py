"""Translated pods and patches of pods, as real API servers take them: written by hand, one write at a time."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from kube.client import PatchType
from kube.errors import ApiError
from kube.resources import PODS
from reflectors.translation.lost_on_host import lost_on_host
from reflectors.translation.pod_writes import next_host_write, next_virtual_write
from reflectors.translation.writes import Create, Patch, PatchStatus
from tests.cluster_fixtures import Api
from tests.integration.reflectors.sides import Sides, sides

NOW, LATER = "2026-11-22T10:00:00Z", "2026-11-22T10:00:01Z"
Body = dict[str, Any]

WEB = {"matchLabels": {"app": "web"}}
EXOTIC: Mapping[str, Any] = {
    "activeDeadlineSeconds": 3600,
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["virtual-node"]}]}
                ]
            }
        },
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": WEB, "namespaces": ["a", "b"], "topologyKey": "zone"},
                {"topologyKey": "zone"},
            ]
        },
    },
    "containers": [
        {
            "name": "main",
            "image": "busybox:1.35",
            "env": [
                {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                {"name": "LATER", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k", "optional": True}}},
            ],
            "livenessProbe": {"exec": {"command": ["true"]}},
            "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}},
            "securityContext": {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
            "volumeMounts": [{"name": "about", "mountPath": "/about"}, {"name": "cache", "mountPath": "/cache"}],
        },
        {"name": "other", "image": "busybox:1.35"},
    ],
    "dnsConfig": {"nameservers": ["192.0.2.1", "192.0.2.2", "192.0.2.3"], "options": [{"name": "edns0"}]},
    "hostAliases": [{"ip": "192.0.2.9", "hostnames": ["db"]}],
    "hostname": "web-0",
    "initContainers": [{"name": "init", "image": "busybox:1.35"}],
    "nodeSelector": {"kubernetes.io/os": "linux", "disk": "ssd"},
    "readinessGates": [{"conditionType": "example.com/lb"}],
    "schedulerName": "my-own",
    "securityContext": {"fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
    "subdomain": "web",
    "tolerations": [{"key": "spot", "operator": "Exists"}],
    "topologySpreadConstraints": [
        {"labelSelector": WEB, "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "volumes": [
        {"name": "cache", "emptyDir": {"medium": "Memory"}},
        {
            "name": "about",
            "projected": {
                "sources": [
                    {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                    {"secret": {"name": "s", "optional": True}},
                ]
            },
        },
    ],
}


class Pair:
    """A virtual pod and its host pod, brought in line only when a test says so."""

    def __init__(self, both: Sides) -> None:
        self.both = both
        self.virtual: Body = {}
        self.host: Body = {}

    async def create(self, **spec: Any) -> None:
        self.virtual = (await self.both.create("web", **spec)).to_dict()
        write = next_host_write(self.virtual, None, self.both.context)
        assert isinstance(write, Create)
        self.host = (await self.both.host.create(PODS, write.body)).to_dict()
        assert lost_on_host(write.body, self.host, self.both.context.host_version) == []

    async def settle(self) -> int:
        """Write until nothing is left to write; how many writes it took. No write is one that changes nothing."""
        count = 0
        while await self._write():
            count += 1
            assert count < 10, "it never settles"
        return count

    async def _write(self) -> bool:
        write = next_host_write(self.virtual, self.host, self.both.context)
        if isinstance(write, Patch):
            await self.change_host(write.body, write.subresource)
            return True
        assert write is None
        update = next_virtual_write(self.virtual, self.host, self.both.context, None, now=NOW)
        if isinstance(update, PatchStatus):
            await self.change_virtual(update.body, "status")
        return update is not None

    async def change_virtual(self, body: Mapping[str, Any], subresource: str | None = None) -> None:
        client, namespace = self.both.virtual, self.both.namespace
        before = self.virtual["metadata"]["resourceVersion"]
        changed = await client.patch(
            PODS, "web", body, namespace, patch_type=PatchType.STRATEGIC, subresource=subresource
        )
        assert changed.resource_version != before, f"this changed nothing: {body}"
        self.virtual = changed.to_dict()

    async def change_host(self, body: Mapping[str, Any], subresource: str | None = None) -> None:
        client, name, namespace = self.both.host, self.both.host_name("web"), self.both.host_namespace
        before = self.host["metadata"]["resourceVersion"]
        changed = await client.patch(
            PODS, name, body, namespace, patch_type=PatchType.STRATEGIC, subresource=subresource
        )
        assert changed.resource_version != before, f"this changed nothing: {body}"
        self.host = changed.to_dict()


@pytest.fixture
async def pair(host_api: Api, virtual_api: Api) -> AsyncIterator[Pair]:
    async with sides(host_api, virtual_api) as both:
        yield Pair(both)


async def test_an_exotic_pod_is_taken_by_the_host_and_its_defaults_are_no_reason_to_write(pair: Pair) -> None:
    await pair.create(**EXOTIC)
    assert await pair.settle() == 0


async def test_everything_that_may_change_changes_in_one_patch_and_what_others_added_stays(pair: Pair) -> None:
    await pair.create(**EXOTIC)
    await pair.change_host({"metadata": {"labels": {"mesh": "on"}, "annotations": {"mesh": "on"}}})
    tolerations = [*pair.virtual["spec"]["tolerations"], {"key": "new", "operator": "Exists"}]
    spec = {
        "containers": [{"name": "main", "image": "busybox:1.36"}],
        "initContainers": [{"name": "init", "image": "busybox:1.36"}],
        "activeDeadlineSeconds": 60,
        "tolerations": tolerations,
    }
    await pair.change_virtual({"metadata": {"labels": {"app": None, "tier": "a"}}, "spec": spec})
    assert await pair.settle() == 1
    labels, host_spec = pair.host["metadata"]["labels"], pair.host["spec"]
    assert (labels.get("app"), labels["tier"], labels["mesh"]) == (None, "a", "on")
    assert [container["image"] for container in host_spec["containers"]] == ["busybox:1.36", "busybox:1.35"]
    assert host_spec["initContainers"][0]["image"] == "busybox:1.36"
    assert host_spec["activeDeadlineSeconds"] == 60
    assert {toleration["key"] for toleration in host_spec["tolerations"]} >= {"spot", "new"}


RUNNING = {
    "phase": "Running",
    "startTime": NOW,
    "hostIP": "192.0.2.1",
    "podIP": "10.0.0.1",
    "podIPs": [{"ip": "10.0.0.1"}],
    "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": None, "lastTransitionTime": NOW}],
    "containerStatuses": [
        {
            "name": name,
            "image": "busybox:1.35",
            "imageID": "1",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": NOW}},
        }
        for name in ("main", "injected")
    ],
}


async def test_a_status_is_written_once_and_replaced_as_a_whole(pair: Pair) -> None:
    await pair.create()
    await pair.change_host({"status": RUNNING}, "status")
    assert await pair.settle() == 1
    assert [each["name"] for each in pair.virtual["status"]["containerStatuses"]] == ["main"]
    moved = {"podIP": "10.0.0.2", "podIPs": [{"$patch": "replace"}, {"ip": "10.0.0.2"}]}
    await pair.change_host({"status": moved}, "status")
    assert await pair.settle() == 1
    assert pair.virtual["status"]["podIPs"] == [{"ip": "10.0.0.2"}]


async def test_readiness_gates_go_down_and_come_off_again(pair: Pair) -> None:
    await pair.create(**EXOTIC)
    gate = {"type": "example.com/lb", "status": "True", "reason": "Attached"}
    await pair.change_virtual({"status": {"conditions": [gate]}}, "status")
    assert await pair.settle() == 1
    assert "example.com/lb" in {each["type"] for each in pair.host["status"]["conditions"]}
    await pair.change_virtual({"status": {"conditions": [{"type": gate["type"], "$patch": "delete"}]}}, "status")
    assert await pair.settle() == 1
    assert "example.com/lb" not in {each["type"] for each in pair.host["status"].get("conditions", [])}


async def test_a_pod_that_lost_its_host_pod_fails_once(pair: Pair) -> None:
    await pair.create()
    await pair.change_host({"status": RUNNING}, "status")
    await pair.settle()
    lost = next_virtual_write(pair.virtual, None, pair.both.context, None, now=LATER)
    assert isinstance(lost, PatchStatus)
    await pair.change_virtual(lost.body, "status")
    assert pair.virtual["status"]["phase"] == "Failed"
    assert next_virtual_write(pair.virtual, None, pair.both.context, None, now=LATER) is None
    assert next_host_write(pair.virtual, None, pair.both.context) is None


@pytest.mark.parametrize("subresource", [None, "status"])
async def test_a_patch_meant_for_a_predecessor_strikes_nobody(pair: Pair, subresource: str | None) -> None:
    await pair.create()
    with pytest.raises(ApiError):
        await pair.change_host({"metadata": {"uid": "its-predecessor"}, "status": {"phase": "Failed"}}, subresource)
    there = await pair.both.host_pod("web")
    assert there is not None
    assert there.to_dict() == pair.host


async def test_a_list_that_somebody_changed_meanwhile_is_not_overwritten(pair: Pair) -> None:
    await pair.create()
    tolerations = [*pair.virtual["spec"]["tolerations"], {"key": "new", "operator": "Exists"}]
    await pair.change_virtual({"spec": {"tolerations": tolerations}})
    write = next_host_write(pair.virtual, pair.host, pair.both.context)
    await pair.change_host({"metadata": {"labels": {"somebody": "else"}}})
    assert isinstance(write, Patch)
    with pytest.raises(ApiError):
        await pair.change_host(write.body)
    assert await pair.settle() == 1
