from typing import Any

import pytest

from kube.codec import decode_object, encode
from kube.objects import Object
from kube.owners import is_owned_by, owned, owner_reference


def stored(kind: str, name: str, uid: str, namespace: str = "") -> Object:
    metadata = {"name": name, "uid": uid, "namespace": namespace}
    return decode_object(encode({"apiVersion": "shop/v1", "kind": kind, "metadata": metadata}))


SHOP = stored("Shop", "corner", "u1", namespace="street")
TOWN = stored("Town", "ours", "u2")


def config_map(*owners: dict[str, Any], namespace: str = "street") -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "prices", "namespace": namespace}
    return {"kind": "ConfigMap", "metadata": metadata | ({"ownerReferences": list(owners)} if owners else {})}


def test_a_reference_names_the_owner_and_its_uid() -> None:
    plain = {"apiVersion": "shop/v1", "kind": "Shop", "name": "corner", "uid": "u1"}
    assert owner_reference(SHOP, controller=False) == plain
    assert owner_reference(SHOP) == {**plain, "controller": True, "blockOwnerDeletion": True}


def test_what_was_never_stored_owns_nothing() -> None:
    with pytest.raises(ValueError, match="Shop street/corner has no UID"):
        owner_reference(stored("Shop", "corner", "", namespace="street"))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([], id="no-owner-yet"),
        pytest.param([owner_reference(SHOP, controller=False)], id="owner-becomes-controller"),
        pytest.param([owner_reference(SHOP)], id="already-so"),
    ],
)
def test_an_owned_object_has_its_controller_once(before: list[dict[str, Any]]) -> None:
    assert owned(config_map(*before), SHOP) == config_map(owner_reference(SHOP))


def test_other_owners_stay() -> None:
    town = owner_reference(TOWN, controller=False)
    assert owned(config_map(town), SHOP) == config_map(town, owner_reference(SHOP))


def test_the_body_handed_in_is_not_changed() -> None:
    body = config_map()
    owned(body, SHOP)
    assert body == config_map()


def test_an_object_has_one_controller_only() -> None:
    with pytest.raises(ValueError, match="ConfigMap street/prices has another controller"):
        owned(config_map(owner_reference(TOWN)), SHOP)


def test_an_owner_reaches_no_further_than_its_namespace() -> None:
    with pytest.raises(ValueError, match="Shop street/corner cannot own what is outside its namespace"):
        owned(config_map(namespace="elsewhere"), SHOP)
    assert owned(config_map(namespace="elsewhere"), TOWN)["metadata"]["ownerReferences"] == [owner_reference(TOWN)]


def test_an_owner_is_known_by_its_uid() -> None:
    owned_by_shop = decode_object(encode(owned(config_map(), SHOP)))
    assert is_owned_by(owned_by_shop, SHOP)
    assert not is_owned_by(owned_by_shop, stored("Shop", "corner", "u9", namespace="street"))
