from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.quantities import UNIT, Quantity, parse_quantity
from node.capacity import Resources, assumed_room, cut, quota_limits, read_resources, total, write_resources

amounts = st.integers(min_value=0, max_value=10**30).map(Quantity)
names = st.sampled_from(["cpu", "memory", "ephemeral-storage", "pods", "hugepages-2Mi", "nvidia.com/gpu"])
resources = st.dictionaries(names, amounts)


def of(**texts: str) -> Resources:
    return read_resources(texts)


GPU = "nvidia.com/gpu"


def test_the_total_has_what_any_part_has() -> None:
    parts = [of(cpu="4", memory="16Gi"), of(cpu="3500m", memory="1G"), read_resources({GPU: "2"})]
    assert total(parts) == {
        "cpu": parse_quantity("7500m"),
        "memory": parse_quantity("16Gi") + parse_quantity("1G"),
        GPU: parse_quantity("2"),
    }


@given(st.lists(resources), st.lists(resources))
def test_the_total_of_all_is_the_total_of_totals(some: list[Resources], others: list[Resources]) -> None:
    assert total([*some, *others]) == total([total(some), total(others)])


@given(resources, resources)
def test_a_cut_keeps_every_resource_and_exceeds_neither_what_there_is_nor_the_limit(
    there: Resources, limits: Resources
) -> None:
    left = cut(there, limits)
    assert left.keys() == there.keys()
    for name, amount in left.items():
        assert amount in {there[name], limits.get(name)}
        assert amount <= there[name]
        assert amount <= limits.get(name, amount)


@pytest.mark.parametrize(
    ("hards", "limits"),
    [
        pytest.param([], {}, id="no quota"),
        pytest.param([{"requests.cpu": "2"}], {"cpu": "2"}, id="requests"),
        pytest.param([{"cpu": "2", "memory": "1Gi"}], {"cpu": "2", "memory": "1Gi"}, id="requests, written shortly"),
        pytest.param([{"limits.memory": "1Gi"}], {"memory": "1Gi"}, id="no request exceeds its limit"),
        pytest.param([{"requests.cpu": "3", "limits.cpu": "2"}], {"cpu": "2"}, id="the smaller of two"),
        pytest.param([{"cpu": "2"}, {"cpu": "1"}], {"cpu": "1"}, id="the smaller of two quotas"),
        pytest.param([{"pods": "5"}], {"pods": "5"}, id="pods"),
        pytest.param([{"count/pods": "5"}], {"pods": "5"}, id="pods, counted as objects"),
        pytest.param([{f"requests.{GPU}": "1"}], {GPU: "1"}, id="extended resources"),
        pytest.param([{"hugepages-2Mi": "4Mi"}], {"hugepages-2Mi": "4Mi"}, id="huge pages"),
        pytest.param([{"requests.hugepages-2Mi": "4Mi"}], {"hugepages-2Mi": "4Mi"}, id="requests of huge pages"),
        pytest.param([{"requests.ephemeral-storage": "1G"}], {"ephemeral-storage": "1G"}, id="ephemeral storage"),
        pytest.param(
            [
                {
                    "services": "1",
                    "requests.storage": "1",
                    "count/jobs.batch": "1",
                    "x.storageclass.k8s.io/requests.y": "1",
                }
            ],
            {},
            id="what is not of nodes",
        ),
    ],
)
def test_a_quota_limits_what_pods_may_request(hards: list[Mapping[str, str]], limits: dict[str, str]) -> None:
    assert quota_limits(hards) == read_resources(limits)


def test_room_that_cannot_be_seen_is_what_is_assumed_within_the_quota() -> None:
    room = assumed_room(of(cpu="8", pods="100"), read_resources({"cpu": "2", "memory": "1Gi", GPU: "1"}))
    assert write_resources(room.capacity) == {"cpu": "2", "pods": "100", GPU: "1"}
    assert room.allocatable == room.capacity


@pytest.mark.parametrize(
    ("name", "text", "written"),
    [
        pytest.param("cpu", "1234567u", "1234m", id="cpu in millis"),
        pytest.param("memory", "1500m", "1", id="whole bytes"),
        pytest.param("memory", "16Gi", "16Gi", id="bytes in binary units"),
        pytest.param("hugepages-1Gi", "2048Mi", "2Gi", id="huge pages in binary units"),
        pytest.param(GPU, "2500m", "2", id="no half devices"),
        pytest.param("pods", "110", "110", id="pods"),
    ],
)
def test_amounts_are_written_as_an_api_server_takes_them(name: str, text: str, written: str) -> None:
    assert write_resources(read_resources({name: text})) == {name: written}


@given(resources)
def test_writing_gives_away_less_than_a_step_and_never_more_than_there_is(there: Resources) -> None:
    for name, text in write_resources(there).items():
        lost = there[name] - parse_quantity(text)
        assert 0 <= lost < (UNIT // 1000 if name == "cpu" else UNIT)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("a lot", "cpu: 'a lot' is no quantity", id="no quantity"),
        pytest.param("-1", "cpu: -1 is less than nothing", id="negative"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_name(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_resources({"cpu": text})
