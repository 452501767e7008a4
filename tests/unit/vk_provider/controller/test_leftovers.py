from datetime import UTC, datetime

from kube.objects import Metadata, Object, OwnerReference
from tests.first_answers import demo
from vk_provider.controller.leftovers import leftovers

CLUSTER = demo()
FORMER = (OwnerReference(kind="Cluster", name="demo", uid="former", controller=True),)
OWN = (OwnerReference(kind="Cluster", name="demo", uid=CLUSTER.uid, controller=True),)


def obj(kind: str, owners: tuple[OwnerReference, ...] = (), *, dying: bool = False) -> Object:
    deleted = datetime.now(UTC) if dying else None
    metadata = Metadata(name=kind.lower(), namespace="team", owner_references=owners, deletion_timestamp=deleted)
    return Object("v1", kind, metadata)


def test_what_another_cluster_of_the_name_owned_is_left_over() -> None:
    old, own, nobodys = obj("Secret", FORMER), obj("Service", OWN), obj("ConfigMap")
    assert leftovers(CLUSTER, [old, own, nobodys], []) == [old]


def test_a_claim_that_is_going_is_waited_for_before_there_are_servers() -> None:
    going, staying = obj("PersistentVolumeClaim", dying=True), obj("PersistentVolumeClaim")
    assert leftovers(CLUSTER, [], [going, staying]) == [going]
    assert leftovers(CLUSTER, [obj("StatefulSet", OWN)], [going, staying]) == []
