from dataclasses import dataclass, field

import pytest

from kube.codec import decode_object, encode
from kube.objects import Key, Object
from reflectors.latest import Latest

KEY = Key("shop", "web")


def pod(version: str, uid: str = "u1") -> Object:
    metadata = {"namespace": KEY.namespace, "name": KEY.name, "uid": uid, "resourceVersion": version}
    return decode_object(encode({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}))


@dataclass
class Cache:
    """An informer's store, and how far it has followed the API server."""

    followed: str = "1"
    objects: dict[Key, Object] = field(default_factory=lambda: {KEY: pod("1")})

    def follow(self, version: str, obj: Object | None) -> None:
        self.followed = version
        self.objects = {} if obj is None else {KEY: obj}


@pytest.fixture
def cache() -> Cache:
    return Cache()


@pytest.fixture
def latest(cache: Cache) -> Latest:
    return Latest(lambda key: cache.objects.get(key), lambda: cache.followed)  # noqa: PLW0108 - `objects` is replaced


def test_without_a_write_the_cache_is_believed(latest: Latest) -> None:
    assert latest.get(KEY) == pod("1")


def test_a_write_is_believed_before_the_cache_knows_of_it(latest: Latest) -> None:
    latest.wrote(pod("3"))
    assert latest.get(KEY) == pod("3")


def test_a_creation_is_believed_before_the_cache_knows_of_it(latest: Latest, cache: Cache) -> None:
    cache.objects.clear()
    latest.wrote(pod("3"))
    assert latest.get(KEY) == pod("3")


def test_what_happened_before_the_write_is_no_reason_not_to_believe_it(latest: Latest, cache: Cache) -> None:
    latest.wrote(pod("3"))
    cache.follow("2", pod("2"))
    assert latest.get(KEY) == pod("3")


MOVED_ON = [
    pytest.param("3", pod("3"), id="our write"),
    pytest.param("4", pod("4"), id="somebody's later write"),
    pytest.param("5", pod("5", uid="u2"), id="another life of the name"),
    pytest.param("4", None, id="its end"),
]


@pytest.mark.parametrize(("followed", "seen"), MOVED_ON)
def test_when_the_cache_has_come_as_far_it_is_believed_again(
    latest: Latest, cache: Cache, followed: str, seen: Object | None
) -> None:
    latest.wrote(pod("3"))
    cache.follow(followed, seen)
    assert latest.get(KEY) == seen


@pytest.mark.parametrize(("followed", "seen"), MOVED_ON)
def test_an_answer_that_comes_after_its_watch_event_is_not_believed(
    latest: Latest, cache: Cache, followed: str, seen: Object | None
) -> None:
    cache.follow(followed, seen)
    latest.wrote(pod("3"))
    assert latest.get(KEY) == seen


def test_while_all_is_listed_anew_the_cache_is_believed(latest: Latest, cache: Cache) -> None:
    """The server may have lost its data: then what was written before is gone, and versions begin anew."""
    latest.wrote(pod("3"))
    cache.follow("", None)
    assert latest.get(KEY) is None
    cache.follow("2", None)
    assert latest.get(KEY) is None


def test_what_is_forgotten_is_not_believed(latest: Latest) -> None:
    latest.wrote(pod("3"))
    latest.forget(KEY)
    assert latest.get(KEY) == pod("1")
