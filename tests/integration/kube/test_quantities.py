"""The API server is the judge of what a quantity is and how it is written."""

import asyncio
from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kube.client import Client
from kube.quantities import UNIT, parse_quantity
from kube.resources import NODES
from node.capacity import read_resources, write_resources
from tests.cluster_fixtures import Api
from tests.integration.kube.following import connected

numbers = st.from_regex(r"([1-9][0-9]{0,3}|0)(\.[0-9]{0,5})?", fullmatch=True)
suffixes = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E2", "e-2"])
texts = st.builds("{}{}".format, numbers, suffixes)
names = st.sampled_from(["cpu", "memory", "ephemeral-storage", "hugepages-2Mi", "pods", "nvidia.com/gpu"])
resources = st.dictionaries(names, texts, min_size=1)

# Every example asks the server many questions, so there are few, and none is made smaller.
asking = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


async def kept(client: Client, capacity: dict[str, str]) -> dict[str, str]:
    """The capacity of a Node as the server would keep it."""
    body: dict[str, Any] = {"metadata": {"name": "judged"}, "status": {"capacity": capacity}}
    answer = await client.request("POST", NODES.path(), query=[("dryRun", "All")], body=orjson.dumps(body))
    found: dict[str, str] = orjson.loads(answer)["status"]["capacity"]
    return found


def judged(api: Api, capacities: list[dict[str, str]]) -> list[dict[str, str]]:
    async def ask() -> list[dict[str, str]]:
        async with connected(api.kubeconfig) as client:
            return [await kept(client, capacity) for capacity in capacities]

    return asyncio.run(ask())


@asking
@given(asked=st.lists(resources, min_size=40, max_size=40))
def test_what_we_write_is_kept_letter_for_letter(host_api: Api, asked: list[dict[str, str]]) -> None:
    ours = [write_resources(read_resources(capacity)) for capacity in asked]
    assert judged(host_api, ours) == ours


@asking
@given(asked=st.lists(texts, min_size=40, max_size=40))
def test_we_read_what_the_server_reads(host_api: Api, asked: list[str]) -> None:
    """To the thousandth: that is how exactly a server keeps the resources of a Node, rounded up."""
    for text, answer in zip(asked, judged(host_api, [{"memory": text} for text in asked]), strict=True):
        kept_amount = parse_quantity(answer["memory"])
        assert kept_amount - UNIT // 1000 < parse_quantity(text) <= kept_amount
