import gc
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.codec import DecodeError, EventType, decode_event, decode_list, decode_object, decode_status, encode
from kube.objects import Key, Metadata, Object, Status, StatusDetails
from tests.unit.kube.json_values import as_object, fields, values

# Everything that a serializer might be tempted to tidy: spaces, escapes, big and odd numbers, nulls, empty containers.
AWKWARD = (
    '{"a" : 1e2 ,"b":[ ],"c":{ },"d":null,"e":123456789012345678901234567890,"f":1.10,"g":"\\u003c\\/\\u00e9é\u2028"}'
).encode()


@given(fields)
def test_fields_survive_byte_for_byte(written: dict[str, bytes]) -> None:
    decoded = decode_object(as_object(written, apiVersion="v1", kind="Any", metadata={"name": "x"}))
    assert {name: decoded.raw(name) for name in decoded.fields} == written


@given(fields)
def test_fields_survive_byte_for_byte_when_an_object_is_sent_on(written: dict[str, bytes]) -> None:
    decoded = decode_object(as_object(written, apiVersion="v1", kind="Any", metadata={"name": "x"}))
    again = decode_object(encode(decoded))
    assert again == decoded
    assert {name: again.raw(name) for name in again.fields} == written


@given(st.lists(fields, max_size=3))
def test_fields_survive_byte_for_byte_in_lists_and_events(items: list[dict[str, bytes]]) -> None:
    objects = [as_object(written, metadata={"name": "x"}) for written in items]
    listing = decode_list(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[%s]}' % b",".join(objects))
    events = [decode_event(b'{"type":"ADDED","object":%s}' % each) for each in objects]
    assert [dict(one.fields) for one in listing.objects] == [dict(one.object.fields) for one in events]
    assert [{name: one.raw(name) for name in one.fields} for one in listing.objects] == items


def test_awkward_json_survives_in_a_common_field_and_in_an_unknown_one() -> None:
    decoded = decode_object(as_object({"spec": AWKWARD, "brandNew": AWKWARD}))
    assert decoded.raw("spec") == decoded.raw("brandNew") == AWKWARD
    assert decode_object(as_object({"spec": AWKWARD})).raw("spec") == AWKWARD


def test_what_is_kept_does_not_keep_the_page_it_came_from() -> None:
    page = as_object({"items": b'[{"spec":{"a":1},"status":{}},{"data":{"b":"c"}}]'}, metadata={})
    before = sys.getrefcount(page)
    listing = decode_list(page)
    gc.collect()
    assert sys.getrefcount(page) == before
    assert [dict(one.fields) for one in listing.objects]


def test_items_of_a_list_have_its_version_and_kind() -> None:
    listing = decode_list(
        b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9","continue":"t","remainingItemCount":3},'
        b'"items":[{"metadata":{"name":"a","namespace":"n"},"spec":{}}]}'
    )
    assert [(one.api_version, one.kind, one.key) for one in listing.objects] == [("v1", "Pod", Key("n", "a"))]
    assert (listing.resource_version, listing.continue_token, listing.remaining) == ("9", "t", 3)


def test_items_that_say_their_own_kind_keep_it() -> None:
    listing = decode_list(b'{"kind":"List","apiVersion":"v1","items":[{"kind":"A","apiVersion":"b/v1","rules":[]}]}')
    assert [(one.api_version, one.kind) for one in listing.objects] == [("b/v1", "A")]


@pytest.mark.parametrize("items", [b"[]", b"null"])
def test_list_without_items_is_empty(items: bytes) -> None:
    assert decode_list(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":%s}' % items).objects == []


@pytest.mark.parametrize(
    "field",
    ["labels", "annotations", "ownerReferences", "finalizers", "creationTimestamp", "deletionTimestamp", "generation"],
)
@pytest.mark.parametrize("unknown", ["", ',"data":{}'], ids=["a common kind", "another"])
def test_null_in_metadata_is_as_if_it_were_absent(field: str, unknown: str) -> None:
    decoded = decode_object(b'{"metadata":{"name":"x","%s":null}%s}' % (field.encode(), unknown.encode()))
    assert decoded.metadata == Metadata(name="x")


@pytest.mark.parametrize("data", [b"{}", b'{"metadata":null}', b'{"metadata":{}}', b'{"metadata":null,"data":{}}'])
def test_object_without_metadata_has_empty_metadata(data: bytes) -> None:
    assert decode_object(data).metadata == Metadata()


def test_managed_fields_are_dropped() -> None:
    decoded = decode_object(b'{"metadata":{"name":"x","managedFields":[{"manager":"m"}]}}')
    assert encode(decoded) == b'{"metadata":{"name":"x"}}'


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"])
def test_event_has_its_object(kind: str) -> None:
    event = decode_event(
        b'{"type":"%s","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"8"}}}' % kind.encode()
    )
    assert event.type is EventType(kind)
    assert (event.object.kind, event.object.resource_version, event.status) == ("Pod", "8", None)


def test_error_event_has_the_status() -> None:
    event = decode_event(
        b'{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410,"details":null}}'
    )
    assert event.type is EventType.ERROR
    assert event.status == Status(status="Failure", reason="Expired", code=410)


def test_error_event_without_a_word_still_has_a_status() -> None:
    assert decode_event(b'{"type":"ERROR","object":{}}').status == Status()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="a page"),
        pytest.param(b"[]", id="an array"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b'{"metadata":7}', id="metadata that is a number"),
        pytest.param(b'{"metadata":{"labels":{"a":{}}}}', id="labels that are no text"),
        pytest.param(b'{"kind":1,"data":{}}', id="a kind that is no text"),
        pytest.param(b'{"metadata":{"name":"\xff"}}', id="no UTF-8"),
        pytest.param(b'{"spec":{"a":1}', id="cut short"),
    ],
)
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_object(data)
    with pytest.raises(DecodeError):
        decode_event(b'{"type":"ADDED","object":%s}' % data)
    with pytest.raises(DecodeError):
        decode_list(b'{"items":[%s]}' % data if data else b"")


@given(st.binary(max_size=60))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    for decode in (decode_object, decode_list, decode_event):
        try:
            decode(data)
        except DecodeError:
            continue


@given(values)
def test_status_is_read_from_any_json_or_is_none(value: Any) -> None:
    decode_status(json.dumps(value).encode())


def test_status_with_nulls_is_read() -> None:
    data = b'{"message":"no","details":{"name":"web","causes":null,"retryAfterSeconds":3}}'
    assert decode_status(data) == Status(message="no", details=StatusDetails(name="web", retry_after_seconds=3))


@given(values)
def test_encoded_dicts_are_the_same_json(value: Any) -> None:
    assert json.loads(encode({"value": value})) == {"value": value}


def test_encoded_bytes_are_taken_as_they_are() -> None:
    assert encode(b'{ "a":1}') == b'{ "a":1}'


def test_object_is_encoded_without_what_it_has_not() -> None:
    assert encode(Object(metadata=Metadata(name="x"))) == b'{"metadata":{"name":"x"}}'
