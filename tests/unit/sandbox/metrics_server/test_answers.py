"""Objects of the metrics API, as its clients read them."""

from typing import Any

from sandbox.metrics_server import answers
from sandbox.metrics_server.points import Point, Scrape
from sandbox.metrics_server.usage import Storage

OLD, NEW = Point(1000.0, 1_000_000_000, 1024), Point(1010.0, 3_000_000_000, 2048)
NODE = {"metadata": {"name": "node", "labels": {"zone": "a"}}}
POD: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "status": {"phase": "Running"},
}
USED = {"cpu": "200000000n", "memory": "2048"}
MEASURED = {"timestamp": "1970-01-01T00:16:50Z", "window": "10.000s"}


def storage() -> Storage:
    stored = Storage(resolution=15.0)
    for point in (OLD, NEW):
        stored.store({"node": Scrape(point, {("shop", "web"): {"app": point, "side": point}})})
    return stored


def test_a_pod_tells_of_each_container() -> None:
    assert answers.metrics("pods", [POD], storage()) == [
        {
            "kind": "PodMetrics",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {**POD["metadata"], "creationTimestamp": MEASURED["timestamp"]},
            **MEASURED,
            "containers": [{"name": "app", "usage": USED}, {"name": "side", "usage": USED}],
        }
    ]


def test_a_node_tells_of_itself() -> None:
    [node] = answers.metrics("nodes", [NODE], storage())
    assert node == {
        "kind": "NodeMetrics",
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {**NODE["metadata"], "creationTimestamp": MEASURED["timestamp"]},
        **MEASURED,
        "usage": USED,
    }


def test_of_what_does_not_run_or_is_not_known_nothing_is_told() -> None:
    over = {**POD, "status": {"phase": "Succeeded"}}
    unknown = {**POD, "metadata": {"name": "other", "namespace": "shop"}}
    assert answers.metrics("pods", [over, unknown], storage()) == []
    assert answers.metrics("nodes", [{"metadata": {"name": "other"}}], storage()) == []


def test_a_table_adds_a_pods_containers_up() -> None:
    table = answers.table(answers.metrics("pods", [POD], storage()))
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "cpu", "memory", "Window"]
    assert [row["cells"] for row in table["rows"]] == [["web", "400000000n", "4096", "10.000s"]]


def test_discovery_knows_nodes_and_pods() -> None:
    found = answers.discovery("/apis/metrics.k8s.io/v1beta1")
    assert found is not None
    assert {(each["name"], each["namespaced"]) for each in found["resources"]} == {("nodes", False), ("pods", True)}
    assert answers.discovery("/api") is None
