from datetime import UTC, datetime

import pytest

from vk_provider.cli.output import age, duration, name_of, table


def test_columns_stand_below_each_other() -> None:
    assert table([["NAME", "AGE", ""], ["a", "3s", "x"], ["longer", "", ""]]) == [
        "NAME     AGE",
        "a        3s    x",
        "longer",
    ]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0s"),
        (-3, "0s"),
        (59, "59s"),
        (61, "1m1s"),
        (600, "10m"),
        (3600, "1h"),
        (90061, "1d1h"),
        (34560000, "1y35d"),
    ],
)
def test_durations_are_told_in_two_units_at_most(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_age_is_counted_from_a_timestamp() -> None:
    assert age("2026-01-01T00:00:00Z", now=datetime(2026, 1, 1, 0, 2, tzinfo=UTC)) == "2m"
    assert age(None) == "<unknown>"


@pytest.mark.parametrize(("api_version", "name"), [("v1", "cluster/demo"), ("k3k.io/v1beta1", "cluster.k3k.io/demo")])
def test_names_are_those_that_kubectl_takes(api_version: str, name: str) -> None:
    assert name_of({"apiVersion": api_version, "kind": "Cluster", "metadata": {"name": "demo"}}) == name
