from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.objects import Key, Metadata, Object
from kube.store import Change, ChangeKind, Store


def pod(name: str, version: int, *, uid: str = "1", **labels: str) -> Object:
    metadata = Metadata(namespace="shop", name=name, uid=uid, resource_version=str(version), labels=labels)
    return Object("v1", "Pod", metadata)


OLD, NEW, REBORN = pod("web", 1), pod("web", 2), pod("web", 3, uid="2")


@pytest.mark.parametrize(
    ("held", "put", "changes"),
    [
        pytest.param(None, OLD, (Change.added(OLD),), id="new"),
        pytest.param(OLD, pod("web", 1), (), id="the same again"),
        pytest.param(OLD, NEW, (Change.updated(OLD, NEW),), id="changed"),
        pytest.param(NEW, OLD, (Change.updated(NEW, OLD),), id="restored from a backup"),
        pytest.param(NEW, REBORN, (Change.deleted(NEW), Change.added(REBORN)), id="recreated"),
    ],
)
def test_putting_an_object_tells_what_that_changed(
    held: Object | None, put: Object, changes: tuple[Change, ...]
) -> None:
    store = Store()
    if held is not None:
        store.put(held)
    assert store.put(put) == changes
    assert store.values() == [put]


def test_removing_an_object_tells_its_last_known_state() -> None:
    store = Store()
    store.put(OLD)
    assert store.remove(NEW) == (Change.deleted(NEW),)
    assert store.remove(NEW) == ()
    assert len(store) == 0


@pytest.mark.parametrize(
    ("change", "kind", "newest"),
    [
        pytest.param(Change.added(NEW), ChangeKind.ADDED, NEW, id="added"),
        pytest.param(Change.updated(OLD, NEW), ChangeKind.UPDATED, NEW, id="updated"),
        pytest.param(Change.deleted(NEW), ChangeKind.DELETED, NEW, id="deleted"),
    ],
)
def test_a_change_knows_its_kind_its_key_and_the_newest_state(change: Change, kind: ChangeKind, newest: Object) -> None:
    assert (change.kind, change.key, change.object) == (kind, Key("shop", "web"), newest)


def test_the_object_known_longest_stays_so_when_it_changes() -> None:
    store = Store()
    assert store.oldest() is None
    for obj in (OLD, pod("db", 2), NEW):
        store.put(obj)
    assert store.oldest() is NEW
    assert store.keys() == [Key("shop", "web"), Key("shop", "db")]
    assert Key("shop", "db") in store
    assert store.get(Key("shop", "web")) is NEW


def test_an_index_covers_what_was_there_before_it() -> None:
    store = Store()
    store.put(pod("web", 1, app="front"))
    store.add_index("app", label_app)
    assert names(store.by_index("app", "front")) == ["web"]
    assert store.by_index("app", "back") == []


def test_an_index_has_one_definition() -> None:
    store = Store()
    store.add_index("app", label_app)
    with pytest.raises(ValueError, match="index app: exists already"):
        store.add_index("app", label_app)


def label_app(obj: Object) -> Iterable[str]:
    return obj.metadata.labels.get("app", "").split()


def names(objects: Iterable[Object]) -> list[str]:
    return sorted(obj.name for obj in objects)


APPS = st.sampled_from(["", "a", "b", "a b"])
PUTS = st.builds(pod, st.sampled_from("xyz"), st.integers(1, 9), uid=st.sampled_from("12"), app=APPS)


@given(st.lists(st.tuples(st.booleans(), PUTS)))
def test_indexes_agree_with_the_objects_whatever_happens(updates: list[tuple[bool, Object]]) -> None:
    store = Store()
    store.add_index("app", label_app)
    for is_put, obj in updates:
        if is_put:
            store.put(obj)
        else:
            store.remove(obj)
        for value in ("a", "b", "c"):
            expected = [held for held in store.values() if value in label_app(held)]
            assert names(store.by_index("app", value)) == names(expected)
            assert all(store.get(found.key) is found for found in store.by_index("app", value))


@given(st.lists(st.tuples(st.booleans(), PUTS)))
def test_whoever_follows_the_changes_has_the_same_objects(updates: list[tuple[bool, Object]]) -> None:
    store, followed = Store(), dict[Key, Object]()
    for is_put, obj in updates:
        for change in store.put(obj) if is_put else store.remove(obj):
            if change.new is None:
                del followed[change.key]
            else:
                assert followed.get(change.key) == change.old
                followed[change.key] = change.new
    assert followed == {held.key: held for held in store.values()}
