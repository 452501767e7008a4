import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.errors import Answer, ApiError, Unreachable, error_from_response
from kube.objects import Status, StatusCause, StatusDetails
from kube.retries import ATTEMPTS, retry_delay

LOST = Unreachable("GET", "/x", "cut")
REFUSED = Unreachable("GET", "/x", "connection refused", refused=True)
LAGGING = ApiError(
    "GET", "/x", Answer(504), Status(details=StatusDetails(causes=(StatusCause("ResourceVersionTooLarge"),)))
)


def error(status: int, retry_after: float | None = None) -> ApiError:
    return error_from_response("GET", "/x", Answer(status, retry_after=retry_after))


def delay(failed: ApiError, *, idempotent: bool, attempt: int = 1, chance: float = 0.0) -> float | None:
    return retry_delay(failed, idempotent=idempotent, attempt=attempt, random=lambda: chance)


@pytest.mark.parametrize(
    ("failed", "repeats_idempotent", "repeats_others"),
    [
        pytest.param(REFUSED, True, True, id="connection refused: nothing was sent"),
        pytest.param(LOST, True, False, id="answer lost: it may have been done"),
        pytest.param(error(429, 1), True, True, id="429 with a time to wait: turned away unread"),
        pytest.param(error(429), False, False, id="429 without: an answer, as from a disruption budget"),
        pytest.param(error(500), True, False, id="500"),
        pytest.param(error(502), True, False, id="502"),
        pytest.param(error(503, 1), True, False, id="503"),
        pytest.param(error(504), True, False, id="504"),
        pytest.param(LAGGING, False, False, id="504 because the version is newer than the cache"),
        pytest.param(error(501), False, False, id="501"),
        pytest.param(error(400), False, False, id="400"),
        pytest.param(error(401), False, False, id="401"),
        pytest.param(error(403), False, False, id="403"),
        pytest.param(error(404), False, False, id="404"),
        pytest.param(error(409), False, False, id="409"),
        pytest.param(error(410), False, False, id="410"),
        pytest.param(error(422), False, False, id="422"),
    ],
)
def test_repeated_only_when_that_cannot_do_a_thing_twice(
    failed: ApiError, repeats_idempotent: bool, repeats_others: bool
) -> None:
    assert (delay(failed, idempotent=True) is not None) is repeats_idempotent
    assert (delay(failed, idempotent=False) is not None) is repeats_others


@given(st.integers(1, ATTEMPTS - 1), st.floats(0, 1, exclude_max=True), st.floats(0, 1000))
def test_server_is_never_asked_sooner_than_it_wants(attempt: int, chance: float, wanted: float) -> None:
    waited = delay(error(429, wanted), idempotent=False, attempt=attempt, chance=chance)
    assert waited is not None
    assert waited >= wanted


def test_waits_grow() -> None:
    waits = [delay(error(500), idempotent=True, attempt=attempt) for attempt in range(1, ATTEMPTS)]
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    assert None not in waits
    assert len(set(waits)) == len(waits)


def test_gives_up_after_the_last_attempt() -> None:
    assert delay(error(500), idempotent=True, attempt=ATTEMPTS) is None
