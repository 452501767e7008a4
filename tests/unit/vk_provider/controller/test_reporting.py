from datetime import UTC, datetime, timedelta
from typing import Any

from vk_provider.controller.progress import Condition, Phase, Progress
from vk_provider.controller.reporting import news, next_status

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def ready(*, is_true: bool, reason: str = "Provisioning", message: str = "wait") -> Condition:
    return Condition(type="Ready", is_true=is_true, reason=reason, message=message)


def status(condition: Condition, before: dict[str, Any] | None = None, *, now: datetime = NOW) -> dict[str, Any]:
    return next_status(
        before or {}, Progress(Phase.PROVISIONING, [condition]), {"version": "v1"}, generation=3, now=now
    )


def test_the_status_has_facts_and_conditions_of_this_generation() -> None:
    assert status(ready(is_true=False)) == {
        "version": "v1",
        "phase": "Provisioning",
        "observedGeneration": 3,
        "conditions": [
            {
                "type": "Ready",
                "status": "False",
                "reason": "Provisioning",
                "message": "wait",
                "observedGeneration": 3,
                "lastTransitionTime": "2026-01-01T12:00:00Z",
            }
        ],
    }


def test_a_condition_keeps_its_time_while_it_is_neither_more_nor_less_true() -> None:
    before = status(ready(is_true=False))
    (same,) = status(ready(is_true=False, message="still"), before, now=LATER)["conditions"]
    (other,) = status(ready(is_true=True), before, now=LATER)["conditions"]
    assert (same["lastTransitionTime"], same["message"]) == ("2026-01-01T12:00:00Z", "still")
    assert other["lastTransitionTime"] == "2026-01-01T13:00:00Z"


def test_nothing_changes_when_nothing_has() -> None:
    before = status(ready(is_true=False))
    assert status(ready(is_true=False), before, now=LATER) == before


def test_only_what_has_another_reason_is_news() -> None:
    failed = ready(is_true=False, reason="ProvisioningFailed")
    assert list(news({}, [failed])) == [failed]
    assert list(news(status(failed), [failed])) == []
    assert list(news(status(failed), [ready(is_true=True, reason="Provisioned")])) != []


def test_that_something_is_on_its_way_is_no_news() -> None:
    assert list(news({}, [ready(is_true=False)])) == []
