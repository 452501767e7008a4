from typing import Any

import msgspec
import pytest

from node.kubelet.stats.host_summary import of_tenant
from node.kubelet.stats.summary import HostSummary, PodStats, only_cpu_and_memory
from tests.unit.node.kubelet.stats.worlds import HOST_UID, UID, WEB, host_pod_stats, host_summary


def translated(*pods: dict[str, Any]) -> list[Any]:
    summary = msgspec.json.decode(host_summary(*pods), type=HostSummary)
    return [msgspec.json.decode(msgspec.json.encode(each)) for each in of_tenant(summary, [WEB])]


def test_a_pod_is_told_of_under_the_tenants_names() -> None:
    (told,) = translated(host_pod_stats())
    assert told["podRef"] == {"name": "web", "namespace": "shop", "uid": UID}
    assert [each["name"] for each in told["containers"]] == ["app", "side"]
    assert told["volume"] == [
        {"name": "data", "usedBytes": 1, "pvcRef": {"name": "web-data", "namespace": "shop"}},
        {"name": "scratch", "usedBytes": 2},
    ]
    text = msgspec.json.encode(told)
    for name in (WEB.host.name, WEB.host.namespace, HOST_UID, "istio-proxy", "on-the-host", "kube-api-access"):
        assert name.encode() not in text, name


def test_what_a_kubelet_measures_stays_as_it_is() -> None:
    (told,) = translated(before := host_pod_stats())
    for field in ("cpu", "memory", "network", "ephemeral-storage", "process_stats", "startTime"):
        assert told[field] == before[field]
    assert told["containers"][0]["rootfs"] == before["containers"][0]["rootfs"]


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param({"name": WEB.host.name, "namespace": WEB.host.namespace, "uid": "former"}, id="a former pod"),
        pytest.param({"name": WEB.host.name, "namespace": "other", "uid": HOST_UID}, id="of another namespace"),
        pytest.param({"name": "other", "namespace": WEB.host.namespace, "uid": "other"}, id="of another tenant"),
    ],
)
def test_of_others_nothing_is_told(reference: dict[str, str]) -> None:
    assert translated(host_pod_stats(podRef=reference)) == []


@pytest.mark.parametrize("missing", ["containers", "cpu", "memory", "volume", "network", "startTime"])
def test_a_kubelet_may_know_less(missing: str) -> None:
    stats = host_pod_stats()
    del stats[missing]
    (told,) = translated(stats)
    assert told["podRef"]["name"] == "web"


def test_processor_and_memory_can_be_had_alone() -> None:
    stats = only_cpu_and_memory(msgspec.json.decode(msgspec.json.encode(host_pod_stats()), type=PodStats))
    told = msgspec.json.decode(msgspec.json.encode(stats))
    assert set(told) == {"podRef", "startTime", "containers", "cpu", "memory"}
    assert set(told["containers"][0]) == {"name", "startTime", "cpu", "memory"}
