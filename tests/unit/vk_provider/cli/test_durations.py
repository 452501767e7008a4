import click
import pytest

from vk_provider.cli.durations import DURATION


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("3m", 180), ("1h30m", 5400), ("1.5m", 90), ("500ms", 0.5), ("0", 0)],
)
def test_durations_are_read_as_kubectl_reads_them(text: str, seconds: float) -> None:
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "m", "3x", "-3s", "3 m", "m3", "3m2"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration"):
        DURATION.convert(text, None, None)
