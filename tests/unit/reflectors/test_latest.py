import pytest

from kube.codec import decode_object, encode
from kube.objects import Key, Object
from reflectors.latest import Latest

KEY = Key("shop", "web")


def pod(version: str, uid: str = "u1") -> Object:
    metadata = {"namespace": KEY.namespace, "name": KEY.name, "uid": uid, "resourceVersion": version}
    return decode_object(encode({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}))


@pytest.fixture
def cache() -> dict[Key, Object]:
    return {KEY: pod("1")}


@pytest.fixture
def latest(cache: dict[Key, Object]) -> Latest:
    return Latest(cache.get)


def test_without_a_write_the_cache_is_believed(latest: Latest) -> None:
    assert latest.get(KEY) == pod("1")


def test_a_write_is_believed_while_the_cache_stands_still(latest: Latest) -> None:
    latest.wrote(KEY, pod("2"))
    assert latest.get(KEY) == pod("2")


def test_a_creation_is_believed_before_the_cache_knows_of_it(latest: Latest, cache: dict[Key, Object]) -> None:
    del cache[KEY]
    latest.wrote(KEY, pod("2"))
    assert latest.get(KEY) == pod("2")


def test_a_deletion_is_believed_before_the_cache_knows_of_it(latest: Latest) -> None:
    latest.wrote(KEY, None)
    assert latest.get(KEY) is None


@pytest.mark.parametrize(
    "moved_on_to",
    [
        pytest.param(pod("2"), id="our write"),
        pytest.param(pod("3"), id="somebody's later write"),
        pytest.param(pod("1", uid="u2"), id="another life of the name"),
        pytest.param(None, id="its end"),
    ],
)
def test_when_the_cache_moves_on_it_is_believed_again(
    latest: Latest, cache: dict[Key, Object], moved_on_to: Object | None
) -> None:
    latest.wrote(KEY, pod("2"))
    if moved_on_to is None:
        del cache[KEY]
    else:
        cache[KEY] = moved_on_to
    assert latest.get(KEY) == moved_on_to
    cache[KEY] = pod("1")  # going back to what it was then is no reason to believe an old write
    assert latest.get(KEY) == pod("1")


def test_what_is_forgotten_is_not_believed(latest: Latest) -> None:
    latest.wrote(KEY, pod("2"))
    latest.forget(KEY)
    assert latest.get(KEY) == pod("1")
