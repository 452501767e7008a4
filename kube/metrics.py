"""What operators see of this runtime, on a Prometheus registry of the application's choice.

    metrics = Metrics(registry)
    client = Client(..., observer=metrics.client("host"))
    reconciler = Reconciler("pods", queue, reconcile, observers=[metrics.reconciler("pods", queue)])
    metrics.informer("pods", informer)

Names are those of client-go and controller-runtime where there are such, so that known dashboards and alerts fit.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram

from kube.event_recorder import EventRecorder
from kube.informer import Informer
from kube.leader_election import LeaderElector
from kube.readings import Family, Kind, Readings
from kube.reconciler import Outcome
from kube.work_queue import WorkQueue

K = TypeVar("K", bound=Hashable)

SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""The buckets of every histogram of durations, so that they can be laid over each other."""

_FAMILIES = (
    Family("workqueue_depth", "Keys that could be worked on now", "name"),
    Family("workqueue_oldest_age_seconds", "How long the oldest of them has waited", "name"),
    Family("informer_running", "1 while the copy is to be kept true", "name"),
    Family("informer_synced", "1 once the copy has been complete", "name"),
    Family("informer_objects", "Objects in the copy", "name"),
    Family("informer_failures_in_a_row", "Failed attempts to follow since the last good one", "name"),
    Family("informer_lists_total", "Complete lists read", "name", Kind.COUNTER),
    Family("informer_watches_total", "Watches begun", "name", Kind.COUNTER),
    Family("informer_events_total", "Watch events received", "name", Kind.COUNTER),
    Family("informer_handler_failures_total", "Changes that a handler failed on", "name", Kind.COUNTER),
    Family("component_enabled", "1, or 0 while something keeps this part of the program off", "name"),
    Family("component_wanted", "1 if that matters to anybody", "name"),
    Family("certificate_expiration_timestamp_seconds", "When a certificate in use ends", "name"),
    Family("leader_election_master_status", "1 while this process leads", "name"),
    Family("event_recorder_written_total", "Events written or counted up", "component", Kind.COUNTER),
    Family("event_recorder_limited_total", "Events beyond an object's share", "component", Kind.COUNTER),
    Family("event_recorder_failed_total", "Events that could not be written", "component", Kind.COUNTER),
)


class Metrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        """Make the metrics; once for each registry."""
        self._requests = Counter(
            "rest_client_requests",
            "Requests sent; code 0 if no answer came",
            ["server", "method", "code"],
            registry=registry,
        )
        self._latency = _histogram("rest_client_request_duration_seconds", "Until the answer began", "server", registry)
        self._waited = _histogram("workqueue_queue_duration_seconds", "How long keys waited", "name", registry)
        self._took = _histogram("workqueue_work_duration_seconds", "How long reconciles took", "name", registry)
        self._retries = Counter("workqueue_retries", "Keys put back to be retried", ["name"], registry=registry)
        self._failures = Counter(
            "reconcile_failures", "Reconciles that failed, by error class", ["name", "reason"], registry=registry
        )
        self._readings = Readings(_FAMILIES)
        registry.register(self._readings)

    def client(self, server: str) -> "ClientMetrics":
        """For a client's `observer`; `server` says which API server it talks to."""
        return ClientMetrics(server, self._requests, self._latency.labels(server))

    def reconciler(self, name: str, queue: WorkQueue[K]) -> Callable[[Outcome[K]], None]:
        """For a reconciler's `observers`."""
        self._readings.add(name, {"workqueue_depth": queue.__len__, "workqueue_oldest_age_seconds": queue.oldest_age})
        waited, took, retries = self._waited.labels(name), self._took.labels(name), self._retries.labels(name)

        def observe(outcome: Outcome[K]) -> None:
            waited.observe(outcome.waited)
            took.observe(outcome.took)
            if outcome.error is not None:
                self._failures.labels(name, type(outcome.error).__name__).inc()
            if outcome.retry_in is not None:
                retries.inc()

        return observe

    def informer(self, name: str, informer: Informer) -> None:
        state = informer.state
        self._readings.add(
            name,
            {
                "informer_running": lambda: state.running,
                "informer_synced": lambda: informer.synced,
                "informer_objects": informer.store.__len__,
                "informer_failures_in_a_row": lambda: state.failures_in_a_row,
                "informer_lists_total": lambda: state.lists,
                "informer_watches_total": lambda: state.watches,
                "informer_events_total": lambda: state.events,
                "informer_handler_failures_total": lambda: state.handler_failures,
            },
        )

    def switch(self, name: str, is_on: Callable[[], bool], *, is_wanted: Callable[[], bool]) -> None:
        """For a part of the program that may be off, and say so."""
        self._readings.add(name, {"component_enabled": is_on, "component_wanted": is_wanted})

    def certificate(self, name: str, expires: Callable[[], float]) -> None:
        """For a certificate of ours; `expires` returns a timestamp, or infinity."""
        self._readings.add(name, {"certificate_expiration_timestamp_seconds": expires})

    def elector(self, name: str, elector: LeaderElector) -> None:
        self._readings.add(name, {"leader_election_master_status": elector.is_leader})

    def recorder(self, component: str, recorder: EventRecorder) -> None:
        state = recorder.state
        self._readings.add(
            component,
            {
                "event_recorder_written_total": lambda: state.written,
                "event_recorder_limited_total": lambda: state.limited,
                "event_recorder_failed_total": lambda: state.failed,
            },
        )


@dataclass(frozen=True, slots=True)
class ClientMetrics:
    """Counts what one client sends."""

    server: str
    requests: Counter
    latency: Histogram

    def answered(self, method: str, status: int, seconds: float) -> None:
        self.requests.labels(self.server, method, str(status)).inc()
        self.latency.observe(seconds)


def _histogram(name: str, documentation: str, label: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(name, documentation, [label], registry=registry, buckets=SECONDS)
