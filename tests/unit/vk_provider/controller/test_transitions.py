"""What may not change once a Cluster is made, and what the host must have for it."""

from typing import Any

import msgspec
import pytest

from vk_provider.controller.cluster import Cluster, FixedFields
from vk_provider.controller.validation import host_mistakes, transition_mistakes

NEVER = "cannot be changed; make another Cluster for that"


def cluster(spec: dict[str, Any]) -> Cluster:
    return Cluster.read({"metadata": {"name": "demo", "namespace": "team"}, "spec": spec})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param({}, {"servers": 3, "version": "v1.33.4-k3s1"}, [], id="what may change"),
        pytest.param({}, {"persistence": {"storageRequestSize": "2G"}}, [], id="the default, said"),
        pytest.param({"clusterDNS": ""}, {}, [], id="nothing, said"),
        pytest.param({"persistence": {"storageClassName": ""}}, {}, [], id="no class, which the status does not keep"),
        pytest.param({}, {"mode": "virtual"}, [f"spec.mode: mode {NEVER}"], id="mode"),
        pytest.param({}, {"clusterCIDR": "10.0.0.0/16"}, [f"spec.clusterCIDR: clusterCIDR {NEVER}"], id="set later"),
        pytest.param({"serviceCIDR": "10.0.0.0/16"}, {}, [f"spec.serviceCIDR: serviceCIDR {NEVER}"], id="taken away"),
        pytest.param(
            {"clusterDNS": "10.0.0.1"},
            {"clusterDNS": "10.0.0.2"},
            [f"spec.clusterDNS: clusterDNS {NEVER}"],
            id="changed",
        ),
        pytest.param(
            {},
            {"persistence": {"type": "ephemeral", "storageClassName": "fast", "storageRequestSize": "3G"}},
            [
                f"spec.persistence.type: type {NEVER}",
                f"spec.persistence.storageClassName: storageClassName {NEVER}",
                f"spec.persistence.storageRequestSize: storageRequestSize {NEVER}",
            ],
            id="persistence",
        ),
    ],
)
def test_what_cannot_be_changed_is_refused(before: dict[str, Any], after: dict[str, Any], told: list[str]) -> None:
    fixed = FixedFields.of(cluster(before).spec)
    assert [str(mistake) for mistake in transition_mistakes(fixed, cluster(after).spec)] == told


def test_what_was_accepted_is_read_back_from_the_status() -> None:
    fixed = FixedFields.of(cluster({"clusterCIDR": "10.0.0.0/16", "persistence": {"storageClassName": "a"}}).spec)
    body = {"metadata": {"name": "demo"}, "status": {"fixed": msgspec.to_builtins(fixed)}}
    assert Cluster.read(body).status.fixed == fixed


def test_service_addresses_must_be_the_hosts() -> None:
    other = cluster({"serviceCIDR": "10.43.0.0/16"})
    assert host_mistakes(cluster({}), service_cidr="10.96.0.0/12") == []
    assert host_mistakes(other, service_cidr="10.43.0.0/16") == []
    assert [str(mistake) for mistake in host_mistakes(other, service_cidr="10.96.0.0/12")] == [
        "spec.serviceCIDR: 10.43.0.0/16 is not the host's range, 10.96.0.0/12, which shared mode needs; leave it out"
    ]
