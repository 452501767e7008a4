import pytest

from reflectors.translation.applied import Part, Parts, difference
from reflectors.translation.context import Version
from reflectors.translation.json_values import Json
from reflectors.translation.pod_parts import changeable_parts
from reflectors.translation.resizing import parts_to_resize, resize, resize_refusals
from reflectors.translation.writes import Patch
from tests.unit.reflectors.translation.pods import CONTEXT, container, host_pod_of, in_version, pod

SMALL, LARGE = {"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}}
WEB = ("resources", "containers", "web")


def with_resources(resources: Json) -> Json:
    return pod({"containers": [container(resources=resources), container("other")]})


HOST = host_pod_of(with_resources(SMALL))


def to_resize(wanted: Parts, host: Json) -> frozenset[Part]:
    return parts_to_resize(difference(wanted, host).changed, wanted, host)


def test_a_pod_of_the_right_size_is_left_alone() -> None:
    wanted = changeable_parts(with_resources(SMALL), CONTEXT)
    assert to_resize(wanted, HOST) == set()
    assert resize(wanted, HOST, frozenset(), CONTEXT) is None


def test_another_size_is_patched_through_the_subresource_by_container() -> None:
    wanted = changeable_parts(with_resources(LARGE), CONTEXT)
    assert to_resize(wanted, HOST) == {WEB}
    assert resize(wanted, HOST, frozenset({WEB}), CONTEXT) == Patch(
        {"metadata": {"uid": "h1"}, "spec": {"containers": [{"name": "web", "resources": LARGE}]}},
        "resized: spec.containers[web].resources",
        "resize",
    )


def test_a_pod_can_be_resized_as_a_whole() -> None:
    host, larger = host_pod_of(pod({"resources": SMALL})), changeable_parts(pod({"resources": LARGE}), CONTEXT)
    parts = to_resize(larger, host)
    patch = resize(larger, host, parts, CONTEXT)
    assert patch is not None
    assert patch.body["spec"] == {"resources": LARGE}


def test_what_the_host_has_already_needs_no_resize() -> None:
    host = host_pod_of(with_resources(SMALL))
    host["spec"]["containers"][0]["resources"] = LARGE | {"requests": {"memory": "1Gi"}}  # and a default of its own
    assert to_resize(changeable_parts(with_resources(LARGE), CONTEXT), host) == set()


def test_what_the_host_gave_itself_is_not_taken_for_the_tenants_wish() -> None:
    host = host_pod_of(with_resources(SMALL))
    host["spec"]["containers"][0]["resources"] = LARGE
    assert to_resize(changeable_parts(with_resources(SMALL), CONTEXT), host) == set()


@pytest.mark.parametrize(("minor", "can"), [(20, False), (32, False), (33, True), (36, True)])
def test_a_host_that_cannot_resize_is_not_asked_to(minor: int, can: bool) -> None:
    context = in_version(host=Version(1, minor))
    wanted = changeable_parts(with_resources(LARGE), context)
    parts = to_resize(wanted, HOST)
    assert (resize(wanted, HOST, parts, context) is not None) is can
    assert (resize_refusals(parts, context) == []) is can


def test_the_tenant_is_told_what_to_do_instead() -> None:
    (refusal,) = resize_refusals([WEB], in_version(host=Version(1, 20)))
    assert str(refusal) == (
        "spec.containers[web].resources: the host is Kubernetes 1.20 and resizes pods that are there from 1.33 on; "
        "delete the pod and create it anew"
    )
