from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kube.apply import applicable, apply_if_different, digest_of, is_applied
from kube.codec import Body, decode_object, encode
from kube.objects import Object
from kube.resources import CONFIG_MAPS, Resource

MARK = "example.com/applied"
DESIRED = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"namespace": "shop", "name": "prices", "annotations": {"theirs": "1"}},
    "data": {"bread": "3"},
}


class Server:
    """Stores what is applied, and adds to it as servers do."""

    def __init__(self) -> None:
        self.applied: list[dict[str, Any]] = []

    async def apply(self, resource: Resource, body: Body, *, force: bool = False) -> Object:
        assert resource is CONFIG_MAPS
        assert force
        stored = decode_object(encode(body)).to_dict()
        self.applied.append(stored)
        labels = {"added-by": "a webhook"}
        return decode_object(encode({**stored, "metadata": {**stored["metadata"], "uid": "u1", "labels": labels}}))


async def bring(server: Server, desired: dict[str, Any], cached: Object | None) -> Object:
    return await apply_if_different(server, CONFIG_MAPS, desired, cached, annotation=MARK)


async def test_what_is_missing_is_applied_and_then_left_alone() -> None:
    server = Server()
    stored = await bring(server, DESIRED, None)
    assert stored.metadata.annotations == {"theirs": "1", MARK: digest_of(DESIRED)}
    assert await bring(server, DESIRED, stored) is stored
    assert len(server.applied) == 1


async def test_a_difference_is_applied_to_the_object_of_that_uid_alone() -> None:
    server = Server()
    stored = await bring(server, DESIRED, None)
    assert "uid" not in server.applied[0]["metadata"]
    await bring(server, {**DESIRED, "data": {"bread": "4"}}, stored)
    assert server.applied[1]["metadata"]["uid"] == "u1"
    assert server.applied[1]["data"] == {"bread": "4"}


async def test_an_object_without_the_mark_is_applied_to() -> None:
    server = Server()
    await bring(server, DESIRED, decode_object(encode(DESIRED)))
    assert len(server.applied) == 1


json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
bodies = st.builds(lambda spec: {**DESIRED, "spec": spec}, json)


@given(bodies)
def test_what_was_applied_counts_as_applied_whatever_the_order_of_its_fields(desired: dict[str, Any]) -> None:
    stored = decode_object(encode(applicable(desired, "u1", annotation=MARK)))
    assert is_applied(_turned_round(desired), stored, annotation=MARK)


@given(bodies, bodies)
def test_different_content_has_different_digests(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (digest_of(one) == digest_of(other)) == (encode(_sorted(one)) == encode(_sorted(other)))


@given(bodies)
def test_what_is_desired_is_not_changed(desired: dict[str, Any]) -> None:
    before = encode(desired)
    applicable(desired, "u1", annotation=MARK)
    assert encode(desired) == before


def _turned_round(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _turned_round(item) for key, item in reversed(value.items())}
    return [_turned_round(item) for item in value] if isinstance(value, list) else value


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in sorted(value.items())}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
