"""What metrics-server tells of two scrapes."""

import pytest

from sandbox.metrics_server.points import Point, Scrape
from sandbox.metrics_server.usage import Storage, Usage, earliest

WEB = ("shop", "web")
OLD = Point(100.0, 1_000_000_000, 10, 1.0)
NEW = Point(110.0, 3_000_000_000, 20, 1.0)
USED = Usage(200_000_000, 20, 110.0, 10.0)  # 2 s in 10 s


def stored(*points: dict[str, Point]) -> Storage:
    storage = Storage(resolution=15.0)
    for containers in points:
        storage.store({"node": Scrape(containers.get("app"), {WEB: containers})})
    return storage


def test_usage_is_what_came_between_two_scrapes() -> None:
    storage = stored({"app": OLD}, {"app": NEW})
    assert (storage.of_node("node"), storage.of_pod(WEB)) == (USED, {"app": USED})


def test_after_one_scrape_nothing_is_known() -> None:
    storage = stored({"app": OLD})
    assert (storage.of_node("node"), storage.of_pod(WEB)) == (None, None)


def test_a_scrape_that_says_the_same_again_changes_nothing() -> None:
    storage = stored({"app": OLD}, {"app": NEW}, {"app": NEW})
    assert (storage.of_node("node"), storage.of_pod(WEB)) == (USED, {"app": USED})


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(Point(120.0, 100, 20, 119.0), id="restarted"),
        pytest.param(Point(90.0, 3_000_000_000, 20, 1.0), id="measured before"),
    ],
)
def test_points_that_do_not_follow_each_other_say_nothing(now: Point) -> None:
    assert stored({"app": OLD}, {"app": now}).of_pod(WEB) is None


def test_a_container_that_has_run_for_ten_seconds_is_known_after_one_scrape() -> None:
    young = Point(112.0, 6_000_000_000, 20, 100.0)
    assert stored({"app": young}).of_pod(WEB) == {"app": Usage(500_000_000, 20, 112.0, 12.0)}


def test_a_pod_is_known_with_all_of_its_containers_or_not_at_all() -> None:
    storage = stored({"app": OLD}, {"app": NEW, "side": Point(110.0, 5, 5, 109.0)})
    assert storage.of_pod(WEB) is None


def test_time_that_was_given_back_is_not_told() -> None:
    assert stored({"app": NEW}, {"app": Point(120.0, 1, 20, 1.0)}).of_pod(WEB) == {}


def test_a_node_that_does_not_answer_is_not_known_any_more() -> None:
    storage = stored({"app": OLD}, {"app": NEW})
    storage.store({})
    assert (storage.of_node("node"), storage.of_pod(WEB)) == (None, None)


def test_of_several_the_earliest_says_when() -> None:
    assert earliest([USED, Usage(1, 1, 105.0, 10.0)]).at == 105.0
