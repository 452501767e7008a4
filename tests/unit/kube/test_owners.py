import pytest

from kube.owners import owner_reference
from kube.resources import DEPLOYMENTS

PLAIN = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": "u1"}


def test_a_reference_names_the_owner_and_its_uid() -> None:
    assert owner_reference(DEPLOYMENTS, "shop", "u1") == PLAIN


def test_a_controller_waits_for_what_it_owns() -> None:
    expected = {**PLAIN, "controller": True, "blockOwnerDeletion": True}
    assert owner_reference(DEPLOYMENTS, "shop", "u1", controller=True) == expected


def test_what_was_never_stored_owns_nothing() -> None:
    with pytest.raises(ValueError, match="Deployment shop has no UID"):
        owner_reference(DEPLOYMENTS, "shop", "")
