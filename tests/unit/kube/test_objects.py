import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given

from kube.codec import decode_object
from kube.objects import Key, Metadata, Object, OwnerReference
from tests.unit.kube.json_values import as_object, fields

POD = decode_object(
    b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"u1","resourceVersion":"7"},'
    b'"spec":{"nodeName":"n1","containers":[]}}'
)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        pytest.param(Key("shop", "web"), "shop/web", id="in a namespace"),
        pytest.param(Key("", "node-1"), "node-1", id="cluster-wide"),
    ],
)
def test_key_reads_as_people_write_it(key: Key, text: str) -> None:
    assert str(key) == text


def test_object_shows_what_identifies_it() -> None:
    assert POD.key == Key("shop", "web")
    assert (POD.namespace, POD.name, POD.uid, POD.resource_version) == ("shop", "web", "u1", "7")
    assert (POD.api_version, POD.kind) == ("v1", "Pod")


def test_absent_field_is_none_in_every_form() -> None:
    assert POD.raw("status") is None
    assert POD.decode("status") is None
    assert POD.decode("status", dict[str, str]) is None


def test_field_is_decoded_into_the_type_asked_for() -> None:
    class Spec(msgspec.Struct, rename="camel"):
        node_name: str

    assert POD.decode("spec", Spec) == Spec("n1")


def test_decoded_values_are_fresh_and_changing_them_leaves_the_object_alone() -> None:
    before = msgspec.structs.asdict(POD)
    POD.decode("spec")["containers"].append("x")
    whole = POD.to_dict()
    whole["metadata"]["name"] = "other"
    whole["spec"].clear()
    assert msgspec.structs.asdict(POD) == before
    assert POD.decode("spec") == {"nodeName": "n1", "containers": []}


def test_object_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        POD.kind = "Node"  # type: ignore[misc]  # what must not work
    with pytest.raises(AttributeError):
        POD.metadata.name = "x"  # type: ignore[misc]  # as above


def test_dict_of_an_object_has_metadata_as_on_the_wire() -> None:
    owner = OwnerReference("apps/v1", "ReplicaSet", "web", "u0", controller=True)
    metadata = Metadata(
        name="web",
        labels={"a": "b"},
        creation_timestamp=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
        owner_references=(owner,),
        finalizers=("f",),
    )
    assert Object("v1", "Pod", metadata).to_dict() == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web",
            "labels": {"a": "b"},
            "creationTimestamp": "2026-11-22T10:00:00Z",
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u0", "controller": True}
            ],
            "finalizers": ["f"],
        },
    }


@given(fields)
def test_dict_of_an_object_has_every_field_of_its_json(written: dict[str, bytes]) -> None:
    data = as_object(written, apiVersion="v1", kind="Any", metadata={"name": "x"})
    expected: dict[str, Any] = json.loads(data)
    assert decode_object(data).to_dict() == expected
