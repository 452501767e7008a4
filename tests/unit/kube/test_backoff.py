import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.backoff import Backoff

RETRIES = Backoff(base=0.005, cap=60, jitter=0.5)
many_failures = st.integers(min_value=1, max_value=10**9)
chance = st.floats(min_value=0, max_value=1, exclude_max=True)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        pytest.param(1, 0.005, id="first"),
        pytest.param(2, 0.01, id="doubles"),
        pytest.param(10, 2.56, id="tenth"),
        pytest.param(14, 40.96, id="last-below-cap"),
        pytest.param(15, 60, id="cap"),
        pytest.param(10_000, 60, id="too-many-for-a-float"),
    ],
)
def test_delay_grows_by_the_factor_up_to_the_cap(failures: int, seconds: float) -> None:
    assert RETRIES.delay(failures, lambda: 0.0) == pytest.approx(seconds)


@given(many_failures, chance)
def test_jitter_shortens_a_delay_by_its_share_at_most(failures: int, luck: float) -> None:
    full = RETRIES.delay(failures, lambda: 0.0)
    assert full * 0.5 <= RETRIES.delay(failures, lambda: luck) <= full


@given(many_failures)
def test_without_jitter_chance_has_no_say(failures: int) -> None:
    steady = Backoff(base=1, cap=30, jitter=0)
    assert steady.delay(failures, random.random) == steady.delay(failures, random.random)
