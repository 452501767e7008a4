from collections.abc import AsyncGenerator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from kube.clock import SystemClock
from kube.codec import Listing, WatchEvent
from kube.event_recorder import EventRecorder
from kube.events import ObjectReference, Severity
from kube.informer import Informer
from kube.leader_election import LeaderElector
from kube.metrics import Metrics
from kube.objects import Key, Object
from kube.reconciler import Outcome, Refused
from kube.resources import PODS
from kube.work_queue import WorkQueue
from tests.virtual_clock import VirtualClock


class NoServer:
    """Stands for a client in what is never run here."""

    async def _unused(self, *_: Any, **__: Any) -> Object:
        raise NotImplementedError

    async def list(self, *_: Any, **__: Any) -> Listing:
        raise NotImplementedError

    async def pages(self, *_: Any, **__: Any) -> AsyncGenerator[Listing]:
        raise NotImplementedError
        yield

    async def watch(self, *_: Any, **__: Any) -> AsyncGenerator[WatchEvent]:
        raise NotImplementedError
        yield

    get = create = replace = patch = _unused


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


def value(registry: CollectorRegistry, metric: str, /, **labels: str) -> float | None:
    return registry.get_sample_value(metric, labels)


def test_requests_are_counted_by_server_method_and_code(registry: CollectorRegistry, metrics: Metrics) -> None:
    observer = metrics.client("host")
    observer.answered("GET", 200, 0.02)
    observer.answered("GET", 200, 0.02)
    observer.answered("GET", 0, 1)
    metrics.client("virtual").answered("GET", 200, 0.02)
    assert value(registry, "rest_client_requests_total", server="host", method="GET", code="200") == 2
    assert value(registry, "rest_client_requests_total", server="host", method="GET", code="0") == 1
    assert value(registry, "rest_client_request_duration_seconds_count", server="host") == 3


def test_a_queue_shows_its_depth_and_oldest_age_as_they_are_when_asked(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    clock = VirtualClock()
    queue: WorkQueue[str] = WorkQueue(clock, partition=lambda _: "")
    metrics.reconciler("pods", queue)
    assert value(registry, "workqueue_depth", name="pods") == 0
    queue.add("a")
    clock.jump(3)
    queue.add("b")
    assert value(registry, "workqueue_depth", name="pods") == 2
    assert value(registry, "workqueue_oldest_age_seconds", name="pods") == 3


def test_outcomes_are_counted_by_what_went_wrong(registry: CollectorRegistry, metrics: Metrics) -> None:
    queue: WorkQueue[str] = WorkQueue(VirtualClock(), partition=lambda _: "")
    observe = metrics.reconciler("pods", queue)
    observe(Outcome("a", waited=1, took=2))
    observe(Outcome("a", waited=1, took=2, error=OSError("down"), failures=1, retry_in=1))
    observe(Outcome("a", waited=1, took=2, error=Refused("no")))
    assert value(registry, "workqueue_queue_duration_seconds_sum", name="pods") == 3
    assert value(registry, "workqueue_work_duration_seconds_sum", name="pods") == 6
    assert value(registry, "workqueue_retries_total", name="pods") == 1
    assert value(registry, "reconcile_failures_total", name="pods", reason="OSError") == 1
    assert value(registry, "reconcile_failures_total", name="pods", reason="Refused") == 1


def test_an_informer_shows_its_state(registry: CollectorRegistry, metrics: Metrics) -> None:
    informer = Informer(NoServer(), PODS)
    metrics.informer("pods", informer)
    assert value(registry, "informer_running", name="pods") == 0
    assert value(registry, "informer_synced", name="pods") == 0
    informer.state.events = 7
    informer.state.failures_in_a_row = 2
    assert value(registry, "informer_events_total", name="pods") == 7
    assert value(registry, "informer_failures_in_a_row", name="pods") == 2
    assert value(registry, "informer_objects", name="pods") == 0


def test_an_elector_shows_whether_it_leads(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.elector("shop", LeaderElector(NoServer(), Key("shop", "leader"), "us"))
    assert value(registry, "leader_election_master_status", name="shop") == 0


def test_a_recorder_shows_what_it_could_not_tell(registry: CollectorRegistry, metrics: Metrics) -> None:
    recorder = EventRecorder(NoServer(), "shop", SystemClock())
    metrics.recorder("shop", recorder)
    web = ObjectReference("v1", "Pod", "shop", "web", "u1")
    for number in range(30):
        recorder.record(web, Severity.WARNING, "Refused", str(number))
    assert value(registry, "event_recorder_limited_total", component="shop") == 5
    assert value(registry, "event_recorder_failed_total", component="shop") == 0


def test_two_registries_know_nothing_of_each_other(registry: CollectorRegistry, metrics: Metrics) -> None:
    other = CollectorRegistry()
    Metrics(other).client("host").answered("GET", 200, 0.1)
    metrics.client("host")
    assert value(registry, "rest_client_requests_total", server="host", method="GET", code="200") is None


def test_a_part_that_is_off_shows_as_such(registry: CollectorRegistry, metrics: Metrics) -> None:
    obstacles: list[str] = ["forbidden"]
    metrics.switch("services", lambda: not obstacles, is_wanted=lambda: True)
    metrics.switch("ingresses", lambda: False, is_wanted=lambda: False)
    assert value(registry, "component_enabled", name="services") == 0
    assert value(registry, "component_wanted", name="services") == 1
    assert value(registry, "component_wanted", name="ingresses") == 0
    obstacles.clear()
    assert value(registry, "component_enabled", name="services") == 1


def test_a_certificate_shows_when_it_ends(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.certificate("serving", lambda: 1.5e9)
    assert value(registry, "certificate_expiration_timestamp_seconds", name="serving") == 1.5e9
