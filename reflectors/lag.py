"""How long a change on one side takes to be written to the other, by kind: for Prometheus.

Time runs from when an informer tells of a change until the write that follows from it has succeeded; waiting in the
queue, waiting for what the object leans on, and failed attempts are part of it. Of several changes that one write
answers, the oldest counts. Not counted are a change that needs no write, and one that is refused: its owner is told,
and can do more about it than we.

Reflectors see to their host object first: whoever writes to the virtual object has no more to write to the host.
"""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Histogram

from kube.clock import Clock
from kube.errors import AlreadyExists, ApiError, Forbidden, Invalid
from kube.metrics import SECONDS
from kube.reconciler import Reconcile, Refused, RequeueAfter
from reflectors.refused import is_lost_race

K = TypeVar("K", bound=Hashable)
Tell = Callable[[K], None]

TO_HOST, TO_VIRTUAL = "to_host", "to_virtual"


class Lags:
    """Of all kinds."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        """Make the metric; once for each registry."""
        self._clock = clock
        self._seconds = Histogram(
            "vkp_reflection_lag_seconds",
            "From a change seen on one side to the write that follows on the other, retries included",
            ["kind", "direction"],
            registry=registry,
            buckets=SECONDS,
        )

    def of(self, kind: str) -> "Lag[K]":
        to_host, to_virtual = self._seconds.labels(kind, TO_HOST), self._seconds.labels(kind, TO_VIRTUAL)
        return Lag(self._clock.now, to_host.observe, to_virtual.observe)


@dataclass(slots=True)
class _Open:
    """Since when changes are known that a running reconcile has not answered yet."""

    virtual: float | None
    host: float | None
    is_put_off: bool = False
    goes_on: bool = False  # another reconcile follows from what was written


class Lag(Generic[K]):
    """Of one kind."""

    def __init__(
        self, now: Callable[[], float], to_host: Callable[[float], None], to_virtual: Callable[[float], None]
    ) -> None:
        self._now = now
        self._to_host = to_host
        self._to_virtual = to_virtual
        self._virtual: dict[K, float] = {}  # since when a change is known that no reconcile has looked at yet
        self._host: dict[K, float] = {}
        self._open: dict[K, _Open] = {}

    def of_virtual(self, tell: Tell[K]) -> Tell[K]:
        """Wrap whom an informer of the virtual side tells of changed keys."""
        return self._heard(self._virtual, tell)

    def of_host(self, tell: Tell[K]) -> Tell[K]:
        return self._heard(self._host, tell)

    def measured(self, reconcile: Reconcile[K]) -> Callable[[K], Awaitable[RequeueAfter | None]]:
        """Wrap what looks at a key; while it runs, it calls the methods below."""

        async def run(key: K) -> RequeueAfter | None:
            found = self._open[key] = _Open(self._virtual.pop(key, None), self._host.pop(key, None))
            failed = True
            try:
                result = await reconcile(key)
                failed = False
            except Exception as error:
                failed = not is_told(error)
                raise
            finally:
                del self._open[key]
                self._keep(key, found, failed=failed)
            return result

        return run

    def wrote_host(self, key: K) -> None:
        found = self._open.get(key)
        if found is None:
            return
        found.goes_on = True
        if found.virtual is not None:
            self._to_host(self._now() - found.virtual)
            found.virtual = None

    def wrote_virtual(self, key: K) -> None:
        found = self._open.get(key)
        if found is not None and found.host is not None:
            self._to_virtual(self._now() - found.host)
            found.host = None

    def put_off(self, key: K) -> None:
        """Note that what the virtual object needs is written later."""
        found = self._open.get(key)
        if found is not None:
            found.is_put_off = True

    def _keep(self, key: K, found: _Open, *, failed: bool) -> None:
        """Let time run on for what the next reconcile of the key is to answer."""
        if found.virtual is not None and (failed or found.is_put_off):
            self._virtual[key] = found.virtual
        if found.host is not None and (failed or found.goes_on):
            self._host[key] = found.host

    def _heard(self, known: dict[K, float], tell: Tell[K]) -> Tell[K]:
        now = self._now

        def heard(key: K) -> None:
            if key not in known:
                known[key] = now()
            tell(key)

        return heard


def is_told(error: Exception) -> bool:
    """Whether an object's owner has to do something."""
    refused = isinstance(error, Refused | AlreadyExists | Forbidden | Invalid)
    return refused and not (isinstance(error, ApiError) and is_lost_race(error))
