from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.config_objects import CONFIG_MAP, SECRET, ConfigObjects
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.writes import Create, Delete, Patch, Refuse
from tests.unit.reflectors.translation.merge_patch import merge_patched
from tests.unit.reflectors.translation.pods import CONTEXT, frozen, names, namespaces

RULES = {kind: ConfigObjects(kind, CONTEXT) for kind in (CONFIG_MAP, SECRET)}


def virtual(kind: str = CONFIG_MAP, *, uid: str = "v1", name: str = "settings", **fields: Any) -> Draft:
    metadata = {"namespace": "shop", "name": name, "uid": uid}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


def created(of: Json) -> Draft:
    """What the host has once the object is created."""
    write = RULES[of["kind"]].next_host_write(frozen(of), None)
    assert isinstance(write, Create)
    write.body["metadata"] |= {"uid": "h1", "resourceVersion": "7"}
    return write.body


def next_write(of: Json | None, host: Json, kind: str = CONFIG_MAP) -> object:
    return RULES[kind].next_host_write(frozen(of), frozen(host))


def test_the_whole_content_is_copied() -> None:
    content: dict[str, Any] = {"data": {"a": "1"}, "binaryData": {"b": "AP8="}, "immutable": True}
    host = created(virtual(**content))
    assert {field: host[field] for field in content} == content
    assert host["metadata"]["name"] == CONTEXT.host_name("ConfigMap", "shop", "settings")


@pytest.mark.parametrize(
    ("fields", "on_host"),
    [
        pytest.param({}, "Opaque", id="none"),
        pytest.param({"type": "Opaque"}, "Opaque", id="the usual one"),
        pytest.param({"type": "kubernetes.io/tls"}, "kubernetes.io/tls", id="TLS"),
        pytest.param({"type": "helm.sh/release.v1"}, "helm.sh/release.v1", id="somebody's own"),
        pytest.param({"type": "kubernetes.io/service-account-token"}, "Opaque", id="a token of the virtual cluster"),
    ],
)
def test_a_secret_keeps_its_type_unless_the_host_would_act_on_it(fields: Json, on_host: str) -> None:
    assert created(virtual(SECRET, **fields))["type"] == on_host


def test_changes_of_content_are_patches() -> None:
    host = created(virtual(data={"a": "1", "b": "2"}))
    write = next_write(virtual(data={"a": "1", "c": "3"}), host)
    assert isinstance(write, Patch)
    assert write.body["data"] == {"b": None, "c": "3"}


def test_becoming_immutable_comes_with_the_last_content() -> None:
    host = created(virtual(data={"a": "1"}))
    write = next_write(virtual(data={"a": "2"}, immutable=True), host)
    assert isinstance(write, Patch)
    assert (write.body["data"], write.body["immutable"]) == ({"a": "2"}, True)


@pytest.mark.parametrize(
    ("of", "host", "why"),
    [
        pytest.param(None, virtual(data={}), "its virtual object is gone, or is not to be on the host", id="gone"),
        pytest.param(
            virtual(uid="v2", immutable=True),
            virtual(immutable=True),
            "its virtual object was recreated",
            id="immutable, and made anew",
        ),
        pytest.param(
            virtual(data={"a": "1"}, immutable=True),
            virtual(data={"a": "forged"}, immutable=True),
            "it has to be another, and cannot be changed",
            id="immutable on the host, with other content",
        ),
    ],
)
def test_what_cannot_be_changed_is_deleted_first(of: Json | None, host: Json, why: str) -> None:
    assert next_write(of, created(host)) == Delete("h1", 0, why)


def test_a_secret_of_another_type_is_deleted_first() -> None:
    host = created(virtual(SECRET, type="example.com/a"))
    assert isinstance(next_write(virtual(SECRET, type="example.com/b"), host, SECRET), Delete)


def test_labels_of_an_immutable_object_are_patched() -> None:
    host = created(virtual(data={"a": "1"}, immutable=True))
    of = virtual(data={"a": "1"}, immutable=True)
    of["metadata"]["labels"] = {"tier": "front"}
    write = next_write(of, host)
    assert isinstance(write, Patch)
    assert write.body["metadata"]["labels"] == {"tier": "front"}


def test_annotations_that_leave_no_room_for_the_record_are_refused() -> None:
    of = virtual()
    of["metadata"]["annotations"] = {"a": "x" * 256 * 1024}
    write = RULES[CONFIG_MAP].next_host_write(of, None)
    assert isinstance(write, Refuse)
    assert write.message.startswith("metadata.annotations: ")


def test_nothing_is_ever_written_on_the_tenants_object() -> None:
    refused = Refuse("HostRefused", "no room")
    assert RULES[SECRET].next_virtual_write(virtual(SECRET), None, refused) is None


contents = st.fixed_dictionaries(
    {},
    optional={
        "data": st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"])) | st.none(),
        "binaryData": st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["AA==", "AQ=="])),
        "immutable": st.booleans(),
    },
)


@given(contents, contents)
def test_one_write_brings_the_copy_in_line_whatever_changed(before: Json, after: Json) -> None:
    host, of = created(virtual(**before)), virtual(**after)
    write = next_write(of, host)
    if isinstance(write, Patch):
        assert before.get("immutable") is not True
        host = merge_patched(host, write.body)
    elif isinstance(write, Delete):
        host = created(of)
    for field in ("data", "binaryData"):
        assert (host.get(field) or {}) == (after.get(field) or {})
    assert (host.get("immutable") or False) == (after.get("immutable") or False)
    assert next_write(of, host) is None


origins = st.tuples(st.sampled_from([CONFIG_MAP, SECRET]), st.sampled_from(["demo", "other"]), namespaces, names)


@given(origins, origins)
def test_no_two_objects_share_a_copy(one: tuple[str, str, str, str], other: tuple[str, str, str, str]) -> None:
    def copied(origin: tuple[str, str, str, str]) -> tuple[ConfigObjects, Draft, Draft]:
        kind, cluster, namespace, name = origin
        of = virtual(kind, name=name)
        of["metadata"]["namespace"] = namespace
        rules = ConfigObjects(kind, replace(CONTEXT, cluster=cluster))
        write = rules.next_host_write(of, None)
        assert isinstance(write, Create)
        return rules, of, write.body

    (rules, of, host), (_, _, others) = copied(one), copied(other)
    assert (host["metadata"]["name"] == others["metadata"]["name"]) == (one == other)
    if one[:2] != other[:2]:  # should it be handed to these rules all the same, they leave it alone
        assert isinstance(rules.next_host_write(of, others), Refuse)
        assert rules.next_host_write(None, others) is None
