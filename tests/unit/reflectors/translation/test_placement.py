import pytest

from reflectors.translation.json_values import Json
from reflectors.translation.placement import host_node_affinity, host_node_selector

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def expression(key: str, *values: str) -> Json:
    return {"key": key, "operator": "In", "values": list(values)}


ARM, AMD = expression("kubernetes.io/arch", "arm64"), expression("kubernetes.io/arch", "amd64")
SSD = expression("disk", "ssd")
THIS_NODE = {"matchFields": [expression("metadata.name", "virtual-node")]}


def test_of_a_node_selector_stays_what_the_virtual_node_has_from_host_nodes() -> None:
    selector = {
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": "a",
        "kubernetes.io/hostname": "virtual-node",
        "type": "virtual-kubelet",
        "disk": "ssd",
    }
    assert host_node_selector(selector) == {"kubernetes.io/os": "linux", "topology.kubernetes.io/zone": "a"}


@pytest.mark.parametrize(
    ("terms", "host_terms"),
    [
        pytest.param([{"matchExpressions": [ARM]}], [{"matchExpressions": [ARM]}], id="about host nodes"),
        pytest.param([{"matchExpressions": [ARM, SSD]}], [{"matchExpressions": [ARM]}], id="also about host nodes"),
        pytest.param(
            [{"matchExpressions": [ARM]}, {"matchExpressions": [AMD]}],
            [{"matchExpressions": [ARM]}, {"matchExpressions": [AMD]}],
            id="either of two",
        ),
        pytest.param([{"matchExpressions": [SSD]}], None, id="about virtual nodes only"),
        pytest.param([THIS_NODE], None, id="a DaemonSet's pin"),
        pytest.param([{"matchExpressions": [ARM]}, {"matchExpressions": [SSD]}], None, id="any host node will do"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_required_node_affinity_stays_as_far_as_it_narrows_host_nodes(
    terms: list[Json], host_terms: list[Json] | None
) -> None:
    expected = {REQUIRED: {"nodeSelectorTerms": host_terms}} if host_terms else None
    assert host_node_affinity({REQUIRED: {"nodeSelectorTerms": terms}}) == expected


@pytest.mark.parametrize(
    ("preference", "stays"),
    [
        pytest.param({"matchExpressions": [ARM]}, True, id="about host nodes"),
        pytest.param({"matchExpressions": [ARM, SSD]}, False, id="not only about host nodes"),
        pytest.param(THIS_NODE, False, id="by name"),
        pytest.param({}, False, id="nothing"),
    ],
)
def test_preferences_stay_if_host_nodes_differ_in_them(preference: Json, stays: bool) -> None:
    weighted = {"weight": 1, "preference": preference}
    assert host_node_affinity({PREFERRED: [weighted]}) == ({PREFERRED: [weighted]} if stays else None)
