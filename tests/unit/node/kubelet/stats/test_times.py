from datetime import UTC, datetime, timedelta

import pytest

from node.kubelet.stats.times import read_duration, read_time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T13:00:00+01:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.123456789Z", datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-31T12:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_has_a_zone(text: str | None, time: datetime | None) -> None:
    assert read_time(text) == time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1m30.5s", 90.5),
        ("1h", 3600),
        ("250ms", 0.25),
        ("14.9s", 14.9),
        ("", None),
        ("30", None),
        ("s", None),
    ],
)
def test_a_duration_is_parts_with_units(text: str, seconds: float | None) -> None:
    assert read_duration(text) == (None if seconds is None else timedelta(seconds=seconds))
