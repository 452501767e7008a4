"""A reserved host Service is the very one that its virtual Service would get."""

from reflectors.translation.metadata import recorded
from reflectors.translation.reservations import DNS_NAME, DNS_NAMESPACE, reserved_dns_service
from reflectors.translation.services import ServiceRules
from reflectors.translation.writes import Create
from tests.unit.reflectors.translation.pods import CONTEXT


def test_it_has_the_name_and_the_labels_of_the_copy_that_it_becomes() -> None:
    metadata = {"namespace": DNS_NAMESPACE, "name": DNS_NAME, "uid": "v1"}
    virtual = {"metadata": metadata, "spec": {"clusterIP": "10.43.0.10", "selector": {"k8s-app": DNS_NAME}}}
    write = ServiceRules(CONTEXT).next_host_write(virtual, None)
    assert isinstance(write, Create)
    reserved = reserved_dns_service(CONTEXT.cluster, CONTEXT.host_namespace)
    assert reserved["spec"]["selector"] == write.body["spec"]["selector"]
    for field in ("name", "namespace", "labels"):
        assert reserved["metadata"][field] == write.body["metadata"][field]


def test_it_counts_as_ours() -> None:
    reserved = reserved_dns_service(CONTEXT.cluster, CONTEXT.host_namespace)
    origin = recorded(reserved, "Service", CONTEXT)
    assert origin is not None
    assert (origin.namespace, origin.name) == (DNS_NAMESPACE, DNS_NAME)
