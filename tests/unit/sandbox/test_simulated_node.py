from datetime import UTC, datetime
from ipaddress import IPv4Network
from itertools import islice
from typing import Any

import msgspec
import pytest

from kube.codec import decode_object
from kube.objects import Object
from sandbox.simulated_node import Fleet, is_ready, lease, node, node_status

NOW = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
FLEET = Fleet(2, 110, name="sim", network=IPv4Network("10.0.0.0/29"))


def test_nodes_have_the_first_addresses_and_pods_all_that_are_left() -> None:
    assert FLEET.addresses() == {"sim-0": "10.0.0.1", "sim-1": "10.0.0.2"}
    assert list(FLEET.pod_addresses()) == ["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]


def test_the_default_network_has_room_for_many() -> None:
    fleet = Fleet(100, 110, name="sim", network=IPv4Network("100.64.0.0/10"))
    assert len(set(islice(fleet.pod_addresses(), 20_000)) | set(fleet.addresses().values())) == 20_100


def as_object(body: dict[str, Any]) -> Object:
    return decode_object(msgspec.json.encode(body))


def test_a_node_is_ready_once_it_has_reported() -> None:
    assert not is_ready(as_object(node("sim-0")))
    assert is_ready(as_object(node("sim-0") | node_status("sim-0", "10.0.0.1", pods=110, now=NOW)))


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_is_not_ready_when_its_condition_says_so(status: str) -> None:
    condition = {"type": "Ready", "status": status}
    assert not is_ready(as_object(node("sim-0") | {"status": {"conditions": [condition]}}))


def test_a_node_has_room_for_its_pods() -> None:
    status = node_status("sim-0", "10.0.0.1", pods=110, now=NOW)["status"]
    assert (status["allocatable"]["pods"], status["allocatable"]["cpu"]) == ("110", "110")


def test_a_lease_has_microseconds_and_belongs_to_its_node() -> None:
    body = lease("sim-0", "u1", now=NOW)
    assert body["spec"]["renewTime"] == "2026-01-01T12:00:00.250000Z"
    assert body["metadata"]["ownerReferences"][0]["uid"] == "u1"
