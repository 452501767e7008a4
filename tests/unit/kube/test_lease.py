from datetime import UTC, datetime
from typing import Any

import pytest

from kube.codec import decode_object, encode
from kube.lease import Holding, Sighting, claimed, holding_of, micro_time, released, seen
from kube.objects import Key, Object

KEY = Key("shop", "leader")
NOW = datetime(2026, 11, 23, 1, 2, 3, 40, tzinfo=UTC)


def lease(**spec: Any) -> Object:
    metadata = {"namespace": "shop", "name": "leader", "resourceVersion": "7", "labels": {"app": "shop"}}
    return decode_object(encode({"metadata": metadata, "spec": spec}))


HELD_BY_US = lease(holderIdentity="us", acquireTime="2026-01-01T00:00:00.000000Z", leaseTransitions=3)
HELD_BY_THEM = lease(holderIdentity="them", acquireTime="2026-01-01T00:00:00.000000Z", leaseTransitions=3)
RENEWED = "2026-11-23T01:02:03.000040Z"


def test_times_are_written_in_microseconds_and_utc() -> None:
    assert micro_time(NOW) == RENEWED


@pytest.mark.parametrize(
    ("before", "spec"),
    [
        pytest.param(None, {"acquireTime": RENEWED, "leaseTransitions": 0}, id="created"),
        pytest.param(HELD_BY_US, {"acquireTime": "2026-01-01T00:00:00.000000Z", "leaseTransitions": 3}, id="renewed"),
        pytest.param(HELD_BY_THEM, {"acquireTime": RENEWED, "leaseTransitions": 4}, id="taken-over"),
        pytest.param(lease(), {"acquireTime": RENEWED, "leaseTransitions": 1}, id="empty-lease"),
    ],
)
def test_a_claim_says_who_holds_it_since_when_and_after_how_many(before: Object | None, spec: dict[str, Any]) -> None:
    claim = claimed(before, KEY, "us", duration=15, now=NOW)
    expected = {"holderIdentity": "us", "leaseDurationSeconds": 15, "renewTime": RENEWED}
    assert claim["spec"] == {**expected, **spec}
    assert claim["metadata"]["name"] == "leader"


def test_a_changed_lease_keeps_what_it_does_not_know_and_the_version_that_was_read() -> None:
    body = claimed(lease(holderIdentity="them", strategy="OldestEmulationVersion"), KEY, "us", duration=15, now=NOW)
    assert body["spec"]["strategy"] == "OldestEmulationVersion"
    assert body["metadata"]["labels"] == {"app": "shop"}
    assert body["metadata"]["resourceVersion"] == "7"


def test_a_released_lease_is_free_for_all_and_remembers_its_transitions() -> None:
    body = released(HELD_BY_US, NOW)
    assert body["spec"]["holderIdentity"] == ""
    assert body["spec"]["leaseDurationSeconds"] == 1  # the API server refuses 0
    assert body["spec"]["leaseTransitions"] == 3
    freed = seen(None, holding_of(decode_object(encode(body))), 100)
    assert freed.is_free(100, 15)


@pytest.mark.parametrize(
    ("holding", "age", "free"),
    [
        pytest.param(Holding("them", 15), 14.9, False, id="held"),
        pytest.param(Holding("them", 15), 15, True, id="run-out"),
        pytest.param(Holding("them", 60), 15, False, id="the-holder-says-how-long"),
        pytest.param(Holding("them"), 14.9, False, id="no-duration-means-ours"),
        pytest.param(Holding("them"), 15, True, id="no-duration-run-out"),
        pytest.param(Holding("", 15), 0, True, id="released"),
        pytest.param(Holding(), 0, True, id="never-held"),
    ],
)
def test_a_lease_is_free_when_it_was_seen_unchanged_for_its_duration(holding: Holding, age: float, free: bool) -> None:
    assert Sighting(holding, since=1000).is_free(1000 + age, 15) is free


def test_only_a_change_of_the_holding_counts_as_a_sign_of_life() -> None:
    first = seen(None, Holding("them", 15, renew_time="1"), 100)
    assert seen(first, Holding("them", 15, renew_time="1"), 110).since == 100
    assert seen(first, Holding("them", 15, renew_time="2"), 110).since == 110
