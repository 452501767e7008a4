from datetime import UTC, datetime
from typing import Any

import pytest

from reflectors.translation.json_values import Json
from tests.unit.reflectors.translation.pods import CONTEXT, host_pod_of, pod
from vk_provider.cli.explanation import Explanation, Leaning, Seen, explanation

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
LEASE = {"spec": {"renewTime": "2026-11-22T09:59:57.000000Z"}}
RUNNING = {"phase": "Running", "startTime": "2026-11-22T09:00:00Z", "podIP": "10.42.0.7"}
VIRTUAL = pod(status=RUNNING, creationTimestamp="2026-11-22T09:00:00Z")
HOST = host_pod_of(VIRTUAL, status=RUNNING, creationTimestamp="2026-11-22T09:00:02Z")


def explained(virtual: Json = VIRTUAL, host: Json | None = HOST, **seen: Any) -> Explanation:
    rest = {"leanings": [], "events": [], "lease": LEASE, **seen}
    return explanation(Seen(context=CONTEXT, virtual=virtual, host=host, **rest), now=NOW)


def config_map(**known: bool) -> Leaning:
    facts = {"optional": False, "is_virtual": True, "is_on_host": True, **known}
    return Leaning(kind="ConfigMap", name="settings", host_name="settings-shop-demo-abc", **facts)


def test_a_pod_that_is_well_is_shown_on_both_sides_with_nothing_left_to_do() -> None:
    told = explained()
    text = "\n".join(told.lines)
    assert told.is_well
    assert "Pod shop/web: Running, on virtual-node" in text
    assert f"on the host tenants/{HOST['metadata']['name']}: Running" in text
    assert "still to be done: nothing" in text
    assert "created on the host 2 s after the virtual pod" in text
    assert "alive, its node's lease was renewed 3 s ago" in text
    assert "last errors: nothing" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"virtual": pod(spec={"nodeName": ""}), "host": None}, "has not found a node", id="unscheduled"),
        pytest.param({"virtual": pod(), "host": None}, "create the host pod", id="not created yet"),
        pytest.param({"virtual": VIRTUAL | {"status": {"phase": "Pending"}}}, "status: ", id="status is behind"),
        pytest.param({"virtual": pod(uid="v2", status=RUNNING)}, "its virtual pod was recreated", id="predecessor"),
        pytest.param({"host": HOST | {"metadata": HOST["metadata"] | {"labels": {}}}}, "somebody else's", id="foreign"),
        pytest.param({"lease": None}, "no lease", id="no provider"),
        pytest.param({"lease": {"spec": {"renewTime": "2026-11-22T09:00:00Z"}}}, "silent", id="silent provider"),
        pytest.param({"leanings": [config_map(is_on_host=False)]}, "missing on the host", id="not copied"),
        pytest.param(
            {"leanings": [config_map(is_on_host=False, is_virtual=False)]}, "missing in the virtual", id="not there"
        ),
    ],
)
def test_what_is_not_as_it_should_be_is_said(changes: dict[str, Any], said: str) -> None:
    told = explained(**changes)
    assert said in "\n".join(told.lines)
    assert not told.is_well


def test_what_is_optional_may_be_missing() -> None:
    assert explained(leanings=[config_map(is_on_host=False, is_virtual=False, optional=True)]).is_well


def test_a_container_that_waits_says_why() -> None:
    waiting = {"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    virtual = pod(status={"phase": "Pending", "containerStatuses": [waiting]})
    assert "Pod shop/web: Pending, web ImagePullBackOff" in explained(virtual=virtual).lines[0]


def test_the_newest_errors_come_first() -> None:
    def event(minute: int, kind: str = "Warning") -> Json:
        when = f"2026-11-22T09:{minute:02}:00Z"
        return {"metadata": {}, "type": kind, "reason": f"At{minute}", "message": "no", "lastTimestamp": when}

    lines = explained(events=[event(1), event(3), event(2, "Normal"), event(2)]).lines
    errors = lines[lines.index("last errors:") + 1 :]
    assert [line.split()[1] for line in errors] == ["At3:", "At2:", "At1:"]
