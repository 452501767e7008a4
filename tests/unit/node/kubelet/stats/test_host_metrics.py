import dataclasses

import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.kubelet.stats.families import Families
from node.kubelet.stats.host_metrics import add_of_tenant, by_host_name
from tests.unit.node.kubelet.stats.worlds import HOST_UID, UID, WEB

PATH = f"/kubepods/besteffort/pod{HOST_UID}/0123abcd"
SYSTEMD = f"/kubepods.slice/kubepods-pod{HOST_UID.replace('-', '_')}.slice/cri-containerd-0123abcd.scope"
CPU, NETWORK, PROBES = (
    "container_cpu_usage_seconds_total",
    "container_network_receive_bytes_total",
    "prober_probe_total",
)


def sample(metric: str, number: str, **labels: str) -> str:
    named = {"namespace": WEB.host.namespace, "pod": WEB.host.name, **labels}
    text = ",".join(f'{name}="{value}"' for name, value in named.items())
    return f"{metric}{{{text}}} {number}"


def head(metric: str) -> str:
    return f"# HELP {metric} What it counts.\n# TYPE {metric} counter"


HOST = "\n".join(
    [
        head("cadvisor_version_info"),
        'cadvisor_version_info{kernelVersion="6.1"} 1',
        head(CPU),
        sample(CPU, "99 1700000000000", container="", id="/", namespace="", pod=""),
        sample(CPU, "1.5 170000000000", container="app", cpu="total", id=PATH, image="a:1", name="0123abcd"),
        sample(CPU, "8", container="istio-proxy", id=PATH),
        sample(CPU, "7", container="app", id=PATH, pod="other"),
        sample(CPU, "6", container="app", id="/kubepods/podformer/0"),
        head(NETWORK),
        sample(NETWORK, "10", container="POD", id=SYSTEMD, name=f"k8s_POD_{WEB.host.name}_host-namespace_{HOST_UID}_0"),
        head(PROBES),
        sample(PROBES, "3", container="app", pod_uid=HOST_UID, result="successful"),
        sample(PROBES, "4", container="app", pod_uid="former", result="successful"),
        "",
    ]
)
OURS = {"namespace": "shop", "pod": "web"}
VIRTUAL_PATH = f"/kubepods/besteffort/pod{UID}/0123abcd"
VIRTUAL_SYSTEMD = f"/kubepods.slice/kubepods-pod{UID.replace('-', '_')}.slice/cri-containerd-0123abcd.scope"
VIRTUAL = "\n".join(
    [
        head(CPU),
        sample(
            CPU,
            "1.5 170000000000",
            **OURS,
            container="app",
            cpu="total",
            id=VIRTUAL_PATH,
            image="a:1",
            name="0123abcd",
        ),
        head(NETWORK),
        sample(NETWORK, "10", **OURS, container="POD", id=VIRTUAL_SYSTEMD, name=f"k8s_POD_web_shop_{UID}_0"),
        head(PROBES),
        sample(PROBES, "3", **OURS, container="app", pod_uid=UID, result="successful"),
        "",
    ]
)


def told(*texts: str) -> str:
    families = Families()
    for text in texts:
        add_of_tenant(families, text, by_host_name([WEB]))
    return b"".join(families.text()).decode()


def test_lines_about_the_tenants_pods_are_told_under_its_names() -> None:
    assert told(HOST) == VIRTUAL


def test_what_several_nodes_tell_is_one_text() -> None:
    text = told(HOST, HOST)
    assert text.count(f"# TYPE {CPU}") == 1
    families = {family.name: len(family.samples) for family in text_string_to_metric_families(text)}
    assert families == {"container_cpu_usage_seconds": 2, "container_network_receive_bytes": 2, "prober_probe": 2}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        sample("metric", "1")[:-20],
        sample("metric", "1", quoted='a\\"} b'),
        "# HELP\n# TYPE\n" + sample("metric", "1"),
        "# TYPE metric\n" + sample("metric", "NaN"),
    ],
)
def test_what_cannot_be_read_harms_nothing(line: str) -> None:
    assert WEB.host.name not in told(f"{line}\n{HOST}")


def test_without_pods_there_is_nothing_to_tell() -> None:
    families = Families()
    add_of_tenant(families, HOST, by_host_name([]))
    assert b"".join(families.text()) == b""


def test_names_that_begin_alike_are_not_mixed_up() -> None:
    longer = dataclasses.replace(WEB, host=dataclasses.replace(WEB.host, name="web-shop"))
    families = Families()
    add_of_tenant(families, HOST, by_host_name([longer]))
    assert b"".join(families.text()) == b""
