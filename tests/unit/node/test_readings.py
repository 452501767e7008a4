from kube.objects import Key, Object
from kube.store import Change
from node.readings import Readings
from tests.unit.node.hosts import obj


def news_of(*changes: Change) -> tuple[int, dict[Key, str]]:
    news: list[None] = []
    readings = Readings(lambda node: node.metadata.labels["zone"], lambda: news.append(None))
    for change in changes:
        readings.on_change(change)
    return len(news), dict(readings.known)


def node(zone: str, heartbeat: int = 0) -> Object:
    return obj({"metadata": {"name": "one", "labels": {"zone": zone}, "resourceVersion": str(heartbeat)}})


ONE = Key("", "one")


def test_what_appears_is_news() -> None:
    assert news_of(Change.added(node("a"))) == (1, {ONE: "a"})


def test_a_change_that_reads_the_same_is_no_news() -> None:
    assert news_of(Change.added(node("a")), Change.updated(node("a"), node("a", 1))) == (1, {ONE: "a"})


def test_a_change_that_reads_differently_is_news() -> None:
    assert news_of(Change.added(node("a")), Change.updated(node("a"), node("b"))) == (2, {ONE: "b"})


def test_what_goes_is_news_and_forgotten() -> None:
    assert news_of(Change.added(node("a")), Change.deleted(node("a"))) == (2, {})
