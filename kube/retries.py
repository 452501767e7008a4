"""When a failed call is tried again, and when: a pure decision.

A request is repeated only if that cannot do a thing twice. Whatever the server certainly did not act on (connection
refused; 429 with Retry-After, by which API Priority and Fairness turns away) is repeated whatever it is; after a lost
answer or a 5xx only what is idempotent. A repeated write that had worked the first time is answered Conflict (if it
carries a resourceVersion) or NotFound (a delete): the same as if somebody else had been quicker.
"""

from collections.abc import Callable

from kube.backoff import Backoff
from kube.errors import ApiError, TooManyRequests, Unreachable

ATTEMPTS = 5  # what lasts longer is for the caller's own loop, which can tell somebody
_BACKOFF = Backoff(base=0.2, cap=5.0)
_PASSING = frozenset({500, 502, 503, 504})


def retry_delay(error: ApiError, *, idempotent: bool, attempt: int, random: Callable[[], float]) -> float | None:
    """Return the seconds to wait after failed attempt number `attempt` (from 1); None to give up."""
    if attempt >= ATTEMPTS or not _is_passing(error, idempotent=idempotent):
        return None
    own = _BACKOFF.delay(attempt, random)
    return own if error.retry_after is None else max(own, error.retry_after)


def _is_passing(error: ApiError, *, idempotent: bool) -> bool:
    if isinstance(error, Unreachable):
        return error.refused or idempotent
    if isinstance(error, TooManyRequests):
        # Without Retry-After it is an answer, not congestion: an eviction that a disruption budget forbids.
        return error.retry_after is not None
    if error.has_cause("ResourceVersionTooLarge"):
        return False  # the watch cache lags; whoever asked for that version decides what to ask for instead
    return idempotent and error.status in _PASSING
