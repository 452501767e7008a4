from prometheus_client import CollectorRegistry, generate_latest

from kube.clock import SystemClock
from kube.metrics import Metrics
from kube.work_queue import WorkQueue
from vk_provider.cli.status.reflectors import Reflector, read_reflectors


def test_reflectors_are_read_from_what_the_runtime_writes() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    queue: WorkQueue[str] = WorkQueue(SystemClock(), partition=lambda key: key)
    metrics.reconciler("pods", queue)
    metrics.reconciler("ingresses", WorkQueue(SystemClock(), partition=lambda key: key))
    metrics.switch("ingresses", lambda: False, is_wanted=lambda: True)
    metrics.reconciler("nodes", WorkQueue(SystemClock(), partition=lambda key: key))
    queue.add("shop/web")
    ingresses, pods = read_reflectors(generate_latest(registry).decode())
    assert ingresses == Reflector("ingresses", waiting=0, lag=0.0, failures=0, is_on=False)
    assert (pods.name, pods.waiting, pods.is_on) == ("pods", 1, True)
    assert pods.lag >= 0


def test_failures_of_all_kinds_are_counted_together() -> None:
    text = """\
# TYPE workqueue_depth gauge
workqueue_depth{name="pods"} 0
# TYPE reconcile_failures_total counter
reconcile_failures_total{name="pods",reason="Conflict"} 2
reconcile_failures_total{name="pods",reason="Forbidden"} 3
"""
    assert read_reflectors(text) == [Reflector("pods", waiting=0, lag=0.0, failures=5)]


def test_what_are_no_metrics_are_no_reflectors() -> None:
    assert list(read_reflectors("<html>not found</html>")) == []
