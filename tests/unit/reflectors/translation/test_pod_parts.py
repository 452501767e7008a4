from hypothesis import given

from reflectors.translation.json_values import Json
from reflectors.translation.pod_parts import changeable_parts
from reflectors.translation.pod_spec import translated
from tests.unit.reflectors.translation.api_models import pod_specs
from tests.unit.reflectors.translation.pods import CONTEXT, annotations, container, labels, pod


def test_what_of_a_pod_can_change() -> None:
    virtual = pod(
        {
            "activeDeadlineSeconds": 60,
            "tolerations": [{"operator": "Exists"}],
            "containers": [container(resources={"limits": {"cpu": "1"}})],
            "initContainers": [container("init")],
            "resources": {"limits": {"memory": "1Gi"}},
        },
        labels={"app": "web"},
        annotations={"note": "n"},
    )
    assert changeable_parts(virtual, CONTEXT) == {
        ("labels", "app"): "web",
        ("labels", "k3k.io/cluster"): "demo",
        ("labels", "k3k.io/virtual-namespace"): "shop",
        ("annotations", "note"): "n",
        ("annotations", "k3k.io/virtual-namespace"): "shop",
        ("annotations", "k3k.io/virtual-name"): "web",
        ("annotations", "k3k.io/virtual-uid"): "v1",
        ("activeDeadlineSeconds",): 60,
        ("tolerations",): [{"operator": "Exists"}],
        ("resources",): {"limits": {"memory": "1Gi"}},
        ("image", "containers", "web"): "nginx:1",
        ("image", "initContainers", "init"): "nginx:1",
        ("resources", "containers", "web"): {"limits": {"cpu": "1"}},
    }


def test_a_deadline_of_nothing_is_one() -> None:
    assert changeable_parts(pod({"activeDeadlineSeconds": 0}), CONTEXT)["activeDeadlineSeconds",] == 0


@given(pod_specs(max_containers=3), labels, annotations)
def test_what_can_change_is_what_the_host_pod_is_created_with(
    spec: Json, some: dict[str, str], others: dict[str, str]
) -> None:
    virtual = pod(spec, labels=some, annotations=others)
    parts, host = changeable_parts(virtual, CONTEXT), translated(virtual, CONTEXT).pod
    for (kind, *where), value in parts.items():
        if kind in {"labels", "annotations"}:
            assert host["metadata"][kind][where[0]] == value
        elif not where:
            assert host["spec"][kind] == value
        else:
            assert [each[kind] for each in host["spec"][where[0]] if each["name"] == where[1]] == [value]
