from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.json_values import Draft, Json, fresh
from reflectors.translation.merging import host_object, next_copy_write, next_merge
from reflectors.translation.metadata import RESERVED, UID
from reflectors.translation.writes import Create, Delete, Patch, Refuse
from tests.unit.reflectors.translation.merge_patch import merge_patched
from tests.unit.reflectors.translation.pods import CONTEXT

KIND = "Service"


def virtual(**metadata: Any) -> Draft:
    return {"metadata": {"namespace": "shop", "name": "web", "uid": "v1", **metadata}}


def desired(metadata: Json | None = None, **fields: Any) -> Draft:
    return host_object(virtual(**(metadata or {})), "v1", KIND, CONTEXT, **fields)


def created(body: Json, **metadata: Any) -> Draft:
    host = fresh(body)
    host["metadata"] |= {"uid": "h1", "resourceVersion": "7", **metadata}
    return host


def after(body: Json, host: Json) -> Draft:
    """The host object once the next merge is made, if there is one."""
    patch = next_merge(fresh(body), host)
    return fresh(host) if patch is None else merge_patched(host, patch.body)


keys = st.sampled_from(["a", "b", "example.com/c"])
plain = st.one_of(st.text("xy", max_size=2), st.integers(0, 2), st.booleans())
nested = st.one_of(plain, st.lists(plain, max_size=2), st.dictionaries(keys, plain, max_size=2))
texts = st.dictionaries(keys, st.text("xy", max_size=2), max_size=3)
bodies = st.builds(
    lambda labels, annotations, spec, data: desired(
        {"labels": labels, "annotations": annotations}, spec=spec, data=data, type="Opaque"
    ),
    texts,
    texts,
    st.dictionaries(st.sampled_from(["ports", "type"]), nested),
    st.none() | texts,
)


@given(bodies, bodies)
def test_after_a_merge_the_object_is_as_desired_and_there_is_nothing_left_to_merge(before: Draft, now: Draft) -> None:
    merged = after(now, created(before))
    assert next_merge(now, merged) is None
    for field in ("labels", "annotations"):
        assert merged["metadata"][field] == now["metadata"][field]
    assert merged["spec"] == now["spec"]
    assert (merged.get("data") or {}) == (now.get("data") or {})


@given(bodies, bodies)
def test_what_others_added_stays(before: Draft, now: Draft) -> None:
    host = created(before)
    host["metadata"]["labels"]["injected"] = "yes"
    host["spec"]["clusterIP"] = "10.43.0.7"
    merged = after(now, host)
    assert merged["metadata"]["labels"]["injected"] == "yes"
    assert merged["spec"]["clusterIP"] == "10.43.0.7"


def test_a_value_that_the_host_has_completed_is_no_change() -> None:
    body = desired(spec={"ports": [{"port": 80}]})
    host = created(body)
    host["spec"]["ports"][0]["protocol"] = "TCP"
    assert next_merge(body, host) is None


def test_data_that_somebody_changed_on_the_host_are_put_right() -> None:
    body = desired(data={"a": "1", "b": "2"})
    host = created(body) | {"data": {"a": "9", "c": "3"}}
    patch = next_merge(body, host)
    assert patch is not None
    assert patch.body["data"] == {"a": "1", "b": "2", "c": None}


def test_a_merge_strikes_only_the_object_that_was_looked_at() -> None:
    patch = next_merge(desired({"labels": {"app": "web"}}), created(desired()))
    assert patch is not None
    assert patch.body["metadata"]["uid"] == "h1"
    assert patch.body["metadata"]["resourceVersion"] == "7"
    assert patch.why == "changed: labels.app"


def written(seen: Json | None, host: Json | None) -> object:
    return next_copy_write(KIND, seen, host, lambda _: Create(desired()), CONTEXT)


OURS = created(desired())
PREDECESSORS = created(host_object(virtual(uid="v0"), "v1", KIND, CONTEXT))
ANOTHERS = created(desired(), labels={}, annotations={})
BEING_DELETED = created(desired(), deletionTimestamp="2026-11-22T10:00:00Z")


@pytest.mark.parametrize(
    ("seen", "host", "expected"),
    [
        pytest.param(None, None, None, id="nothing"),
        pytest.param(virtual(), None, Create(desired()), id="new"),
        pytest.param(virtual(deletionTimestamp="2026-11-22T10:00:00Z"), None, None, id="going already"),
        pytest.param(virtual(), OURS, None, id="as it should be"),
        pytest.param(virtual(), BEING_DELETED, None, id="its copy is going: wait for it to be gone"),
        pytest.param(None, ANOTHERS, None, id="another's"),
        pytest.param(None, BEING_DELETED, None, id="deleted already"),
    ],
)
def test_what_comes_next(seen: Json | None, host: Json | None, expected: object) -> None:
    assert written(seen, host) == expected


@pytest.mark.parametrize(
    ("seen", "host"),
    [pytest.param(None, OURS, id="orphan"), pytest.param(virtual(), PREDECESSORS, id="its predecessor's copy")],
)
def test_a_copy_of_what_is_gone_goes(seen: Json | None, host: Json) -> None:
    write = written(seen, host)
    assert isinstance(write, Delete)
    assert write.uid == "h1"


def test_somebody_elses_object_is_left_alone_and_the_tenant_is_told() -> None:
    write = written(virtual(), ANOTHERS)
    assert isinstance(write, Refuse)
    assert write.reason == "ForeignObject"


def test_a_change_is_merged() -> None:
    changed = desired({"labels": {"app": "web"}})
    write = next_copy_write(KIND, virtual(), OURS, lambda _: Create(changed), CONTEXT)
    assert isinstance(write, Patch)


def test_more_annotations_than_an_api_server_takes_are_refused() -> None:
    huge = desired({"annotations": {"note": "x" * 300_000}})
    write = next_copy_write(KIND, virtual(), None, lambda _: Create(huge), CONTEXT)
    assert isinstance(write, Refuse)
    assert "metadata.annotations" in write.message


def reserved(uid: str = "reserved") -> Draft:
    host = created(host_object(virtual(uid=uid), "v1", KIND, CONTEXT))
    host["metadata"]["annotations"][RESERVED] = "true"
    return host


@pytest.mark.parametrize("uid", ["reserved", "v0"])
def test_what_is_reserved_for_a_name_is_taken_over_and_never_deleted(uid: str) -> None:
    write = written(virtual(), reserved(uid))
    assert isinstance(write, Patch)
    assert write.body["metadata"]["annotations"][UID] == "v1"
    assert RESERVED not in write.body["metadata"]["annotations"]
    assert written(None, reserved(uid)) is None


def test_a_tenant_cannot_reserve() -> None:
    copy = desired({"annotations": {RESERVED: "true"}})
    assert RESERVED not in copy["metadata"]["annotations"]
