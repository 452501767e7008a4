from dataclasses import replace

import pytest

from reflectors.translation.context import Version
from reflectors.translation.dns import dns_address, resolution
from reflectors.translation.json_values import Json
from tests.unit.reflectors.translation.pods import CONTEXT

NO_DNS_YET = replace(CONTEXT, dns_address=None)
SEARCHES = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"]
NDOTS = {"name": "ndots", "value": "5"}
OWN = {"nameservers": ["1.1.1.1"], "searches": ["example.com"], "options": [{"name": "ndots", "value": "2"}]}
VIRTUAL_DNS = {
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["10.43.0.10"], "searches": SEARCHES, "options": [NDOTS]},
}


def dns(spec: Json) -> Json:
    fields = resolution(spec, "shop", CONTEXT).spec
    return {field: value for field, value in fields.items() if field != "hostAliases"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, VIRTUAL_DNS, id="default policy"),
        pytest.param({"dnsPolicy": "ClusterFirst"}, VIRTUAL_DNS, id="ClusterFirst"),
        pytest.param(
            {"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True}, VIRTUAL_DNS, id="ClusterFirstWithHostNet"
        ),
        pytest.param(
            {"dnsPolicy": "ClusterFirst", "hostNetwork": True},
            {"dnsPolicy": "Default"},
            id="ClusterFirst on the host's network means Default",
        ),
        pytest.param({"dnsPolicy": "Default"}, {"dnsPolicy": "Default"}, id="Default"),
        pytest.param(
            {"dnsPolicy": "Default", "dnsConfig": OWN},
            {"dnsPolicy": "Default", "dnsConfig": OWN},
            id="Default and more",
        ),
        pytest.param({"dnsPolicy": "None", "dnsConfig": OWN}, {"dnsPolicy": "None", "dnsConfig": OWN}, id="None"),
        pytest.param(
            {"dnsPolicy": "ClusterFirst", "dnsConfig": OWN},
            {
                "dnsPolicy": "None",
                "dnsConfig": {
                    "nameservers": ["10.43.0.10", "1.1.1.1"],
                    "searches": [*SEARCHES, "example.com"],
                    "options": [{"name": "ndots", "value": "2"}],
                },
            },
            id="the pod's own is added, and its options win",
        ),
        pytest.param(
            {"dnsConfig": {"options": [{"name": "edns0"}]}},
            {
                "dnsPolicy": "None",
                "dnsConfig": {
                    "nameservers": ["10.43.0.10"],
                    "searches": SEARCHES,
                    "options": [NDOTS, {"name": "edns0"}],
                },
            },
            id="an option alone does not turn the cluster's DNS off",
        ),
        pytest.param(
            {"dnsConfig": {"nameservers": ["10.43.0.10"], "searches": ["cluster.local", "a"]}},
            {
                "dnsPolicy": "None",
                "dnsConfig": {"nameservers": ["10.43.0.10"], "searches": [*SEARCHES, "a"], "options": [NDOTS]},
            },
            id="nothing is said twice",
        ),
    ],
)
def test_names_are_resolved_as_in_a_cluster_of_its_own(spec: Json, expected: Json) -> None:
    assert dns(spec) == expected


def test_before_there_is_a_dns_service_the_hosts_is_not_asked_instead() -> None:
    assert resolution({}, "shop", NO_DNS_YET).spec["dnsPolicy"] == "Default"


def test_the_clusters_own_domain_is_searched() -> None:
    searches = resolution({}, "shop", replace(CONTEXT, cluster_domain="corp")).spec["dnsConfig"]["searches"]
    assert searches == ["shop.svc.corp", "svc.corp", "corp"]


def test_more_name_servers_than_a_host_takes_are_cut_and_told() -> None:
    found = resolution({"dnsConfig": {"nameservers": ["1.1.1.1", "2.2.2.2", "3.3.3.3"]}}, "shop", CONTEXT)
    assert found.spec["dnsConfig"]["nameservers"] == ["10.43.0.10", "1.1.1.1", "2.2.2.2"]
    assert [str(lost) for lost in found.lost] == ["spec.dnsConfig.nameservers: only the first 3 fit: left out 3.3.3.3"]


@pytest.mark.parametrize(
    ("host", "own", "fitting"),
    [
        pytest.param((1, 20), ["a"] * 0, 3, id="ours always fit"),
        pytest.param((1, 20), [f"d{index}" for index in range(9)], 6, id="an old host takes six"),
        pytest.param((1, 20), ["x" * 220], 3, id="of 256 characters together"),
        pytest.param((1, 26), [f"d{index}" for index in range(40)], 32, id="a newer one 32"),
        pytest.param((1, 26), ["x" * 250 + str(index) for index in range(9)], 10, id="of 2048 characters together"),
    ],
)
def test_more_search_domains_than_a_host_takes_are_cut(host: tuple[int, int], own: list[str], fitting: int) -> None:
    context = replace(CONTEXT, host_version=Version(*host))
    found = resolution({"dnsConfig": {"searches": own}}, "shop", context)
    assert len(found.spec["dnsConfig"]["searches"]) == fitting
    assert bool(found.lost) is (3 + len(own) > fitting)


@pytest.mark.parametrize(
    ("namespace", "names"),
    [
        pytest.param(
            "shop",
            ["kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
            id="from anywhere",
        ),
        pytest.param(
            "default",
            ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
            id="from its own namespace, by its short name too",
        ),
    ],
)
def test_the_api_server_is_found_by_name_without_dns(namespace: str, names: list[str]) -> None:
    own = {"ip": "1.2.3.4", "hostnames": ["db"]}
    aliases = resolution({"hostAliases": [own]}, namespace, CONTEXT).spec["hostAliases"]
    assert aliases == [own, {"ip": "10.43.0.9", "hostnames": names}]


def dns_service(name: str, ip: str = "10.43.5.5", **labels: str) -> Json:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"clusterIP": ip}}


LABELLED = {"k8s-app": "kube-dns"}


@pytest.mark.parametrize(
    ("services", "address"),
    [
        pytest.param([dns_service("kube-dns")], "10.43.5.5", id="by its name"),
        pytest.param([dns_service("coredns", **LABELLED)], "10.43.5.5", id="by its label"),
        pytest.param(
            [dns_service("coredns", "10.43.5.6", **LABELLED), dns_service("kube-dns")],
            "10.43.5.5",
            id="by its name first",
        ),
        pytest.param([dns_service("metrics", "None", **LABELLED)], None, id="not a headless one"),
        pytest.param([dns_service("other")], None, id="no other"),
    ],
)
def test_without_a_setting_the_dns_service_is_looked_for(services: list[Json], address: str | None) -> None:
    assert dns_address(replace(NO_DNS_YET, services={"kube-system": services})) == address


def test_a_dns_service_counts_in_its_own_namespace_only_and_after_the_setting() -> None:
    assert dns_address(replace(NO_DNS_YET, services={"shop": [dns_service("kube-dns")]})) is None
    assert dns_address(replace(CONTEXT, services={"kube-system": [dns_service("kube-dns")]})) == "10.43.0.10"


def test_a_pod_on_the_hosts_network_is_given_no_names() -> None:
    assert resolution({"hostNetwork": True}, "shop", CONTEXT).spec["hostAliases"] == []
