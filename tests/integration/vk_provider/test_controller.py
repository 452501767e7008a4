"""The controller and one Cluster on a real API server, which runs no pods: objects, status, deletion."""

from collections.abc import AsyncIterator

import pytest

from kube.client import PatchType
from kube.objects import Object
from kube.resources import SERVICES
from tests.cluster_fixtures import Api
from tests.eventually import eventually_true
from tests.integration.vk_provider.controlling import Author, author
from tests.leaks import nothing_left
from vk_provider.controller.resources import CLUSTERS

NO_POD_YET = "its server pod has to be made"


@pytest.fixture
async def somebody(host_api: Api) -> AsyncIterator[Author]:
    async with nothing_left(), author(host_api) as creator:
        yield creator


async def settled(somebody: Author) -> dict[tuple[str, str], Object]:
    """Wait until everything is there that needs no pod, and return it."""

    async def waits_for_pods() -> bool:
        return (await somebody.condition("Ready")).get("message") == NO_POD_YET

    await eventually_true(waits_for_pods, "the Cluster to wait for its pods")
    return await somebody.made()


async def test_a_cluster_becomes_objects_and_says_what_it_waits_for(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create()
        made = await settled(somebody)
        assert ("StatefulSet", "k3k-demo-server") in made
        assert ("Deployment", "k3k-demo-provider") in made
        status = await somebody.status()
        assert status["phase"] == "Provisioning"
        assert status["clusterDNS"] in [
            made[key].decode("spec").get("clusterIP") for key in made if key[0] == "Service"
        ]
        assert status["endpoint"] == f"https://{made['Service', 'k3k-demo-service'].decode('spec')['clusterIP']}"
        assert (await somebody.condition("Ready"))["message"] == NO_POD_YET


async def test_another_pass_or_another_controller_writes_nothing(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create()
        before = await settled(somebody)
    async with somebody.controlled():
        patch = {"metadata": {"annotations": {"look": "again"}}}
        await somebody.client.patch(CLUSTERS, "demo", patch, somebody.namespace, patch_type=PatchType.MERGE)
        await somebody.create("second")
        await eventually_true(lambda: somebody.status("second"), "the controller to have looked at everything")
        now = await somebody.made()
        assert {key: now[key].resource_version for key in before} == {
            key: obj.resource_version for key, obj in before.items()
        }


async def test_what_somebody_takes_away_comes_back(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create()
        made = await settled(somebody)
        service = made["Service", "k3k-demo-service-headless"]
        await somebody.client.delete(SERVICES, service.name, service.namespace)

        async def is_back() -> bool:
            return ("Service", service.name) in await somebody.made()

        await eventually_true(is_back, "the Service to come back")


async def test_a_spec_that_is_refused_makes_nothing_and_says_why(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create(mode="virtual")

        async def is_refused() -> bool:
            return await somebody.phase() == "Pending"

        await eventually_true(is_refused, "the Cluster to be refused")
        accepted = await somebody.condition("Accepted")
        assert (accepted["status"], accepted["reason"]) == ("False", "ValidationFailed")
        assert accepted["message"].startswith("spec.mode: ")
        assert await somebody.made() == {}
        await eventually_true(somebody.events, "an event")


async def test_a_secret_that_is_missing_is_named_and_waited_for(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create(tokenSecretRef={"name": "mine"})

        async def is_waiting() -> bool:
            return (await somebody.condition("Accepted")).get("reason") == "ReferenceMissing"

        await eventually_true(is_waiting, "the Cluster to wait for its Secret")
        message = f"spec.tokenSecretRef: there is no Secret mine in namespace {somebody.namespace}; create it"
        assert (await somebody.condition("Accepted"))["message"] == message
        assert await somebody.made() == {}
        await somebody.secret("mine", token="wxyz")  # noqa: S106 - of nothing
        made = await settled(somebody)
        assert ("Secret", "k3k-demo-token") not in made
        assert ("StatefulSet", "k3k-demo-server") in made


async def test_somebody_elses_object_is_left_alone_and_told_of(somebody: Author) -> None:
    theirs = await somebody.secret("k3k-demo-authorities", mine="yes")
    async with somebody.controlled():
        await somebody.create()

        async def is_stuck() -> bool:
            return await somebody.phase() == "Failed"

        await eventually_true(is_stuck, "the Cluster to be stuck")
        condition = await somebody.condition("ControlPlaneAvailable")
        assert condition["reason"] == "NameTaken"
        assert "Secret k3k-demo-authorities exists already" in condition["message"]
        made = await somebody.made()
        assert made["Secret", "k3k-demo-authorities"] == theirs
        assert ("StatefulSet", "k3k-demo-server") not in made


async def test_what_a_former_cluster_of_the_name_left_goes_first(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create()
        before = await settled(somebody)
        await somebody.client.delete(CLUSTERS, "demo", somebody.namespace)

        async def is_gone() -> bool:
            return await somebody.cluster() is None

        await eventually_true(is_gone, "the Cluster to go")  # and here nobody collects what it owned
        await somebody.create()
        after = await settled(somebody)
    assert set(after) == set(before)
    assert all(after[key].uid != obj.uid for key, obj in before.items())


async def test_a_downgrade_is_refused_with_a_word_on_why(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create(version="v1.20.9-k3s1")
        before = await settled(somebody)
        change = {"spec": {"version": "v1.20.8-k3s1"}}
        await somebody.client.patch(CLUSTERS, "demo", change, somebody.namespace, patch_type=PatchType.MERGE)

        async def is_refused() -> bool:
            return (await somebody.condition("Accepted")).get("status") == "False"

        await eventually_true(is_refused, "the change to be refused")
        assert (await somebody.condition("Accepted"))["message"].startswith("spec.version: v1.20.9-k3s1 runs, and")
        key = ("StatefulSet", "k3k-demo-server")
        assert (await somebody.made())[key].resource_version == before[key].resource_version


async def test_an_upgrade_changes_the_image_and_nothing_that_must_stay(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create(version="v1.20.9-k3s1")
        before = await settled(somebody)
        change = {"spec": {"version": "v1.21.0-k3s1"}}
        await somebody.client.patch(CLUSTERS, "demo", change, somebody.namespace, patch_type=PatchType.MERGE)

        async def is_upgraded() -> bool:
            return (await somebody.status()).get("version") == "v1.21.0-k3s1"

        await eventually_true(is_upgraded, "the version to be taken in")
        after = await somebody.made()
        changed = {key for key in before if before[key].resource_version != after[key].resource_version}
        assert changed == {("StatefulSet", "k3k-demo-server")}


async def test_a_deleted_cluster_goes_and_its_provider_loses_its_rights_first(somebody: Author) -> None:
    async with somebody.controlled():
        await somebody.create()
        await settled(somebody)
        await somebody.client.delete(CLUSTERS, "demo", somebody.namespace)

        async def is_gone() -> bool:
            return await somebody.cluster() is None

        await eventually_true(is_gone, "the Cluster to go")
        left = await somebody.made()
        assert ("RoleBinding", "k3k-demo-provider") not in left
        assert ("Deployment", "k3k-demo-provider") not in left
