"""The client's verbs on a real API server."""

import gc
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from kube.client import Client, PatchType, Propagation
from kube.codec import EventType
from kube.discovery import Discovery
from kube.errors import AlreadyExists, BadRequest, Conflict, Invalid, NotFound, TooManyRequests
from kube.resources import CONFIG_MAPS, NODES, PODS, SERVICE_ACCOUNTS, Resource
from tests.cluster_fixtures import Api
from tests.integration.kube.following import connected
from tests.integration.kube.manifests import config_map, deployment, disruption_budget, pod
from tests.leaks import nothing_left

DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")


@pytest.fixture
async def client(host_api: Api) -> AsyncIterator[Client]:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        yield client


@pytest.fixture
def namespace(host_api: Api) -> str:
    return host_api.namespace


async def test_object_is_created_read_replaced_and_deleted(client: Client, namespace: str) -> None:
    created = await client.create(CONFIG_MAPS, config_map("a", namespace, color="red"))
    assert await client.get(CONFIG_MAPS, "a", namespace) == created
    edited = created.to_dict()
    edited["data"]["color"] = "blue"
    replaced = await client.replace(CONFIG_MAPS, edited)
    assert replaced.decode("data") == {"color": "blue"}
    assert (replaced.uid, replaced.resource_version) != (created.uid, created.resource_version)
    await client.delete(CONFIG_MAPS, "a", namespace)
    with pytest.raises(NotFound, match='configmaps "a" not found'):
        await client.get(CONFIG_MAPS, "a", namespace)


async def test_object_may_be_sent_as_it_was_read(client: Client, namespace: str) -> None:
    created = await client.create(CONFIG_MAPS, config_map("a", namespace, color="red"))
    assert await client.replace(CONFIG_MAPS, created) == created


async def test_namespace_may_be_given_beside_the_object(client: Client, namespace: str) -> None:
    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"a-"}}'
    created = await client.create(CONFIG_MAPS, body, namespace)
    assert created.name.startswith("a-")
    assert created.namespace == namespace


async def test_what_is_there_cannot_be_created(client: Client, namespace: str) -> None:
    await client.create(CONFIG_MAPS, config_map("a", namespace))
    with pytest.raises(AlreadyExists) as refused:
        await client.create(CONFIG_MAPS, config_map("a", namespace))
    assert refused.value.details.name == "a"


async def test_stale_object_cannot_replace_a_newer_one(client: Client, namespace: str) -> None:
    created = await client.create(CONFIG_MAPS, config_map("a", namespace))
    await client.replace(CONFIG_MAPS, config_map("a", namespace, color="red"))
    with pytest.raises(Conflict):
        await client.replace(CONFIG_MAPS, created)


async def test_invalid_object_is_refused_with_the_fields_that_are_wrong(client: Client, namespace: str) -> None:
    with pytest.raises(Invalid) as refused:
        await client.create(PODS, pod("web", namespace, restartPolicy="Perhaps", dnsPolicy="Some"))
    assert {cause.field for cause in refused.value.details.causes} >= {"spec.restartPolicy", "spec.dnsPolicy"}


async def test_garbage_is_refused_as_a_bad_request(client: Client, namespace: str) -> None:
    with pytest.raises(BadRequest):
        await client.request("POST", CONFIG_MAPS.path(namespace), body=b"{")


async def test_neither_models_nor_another_event_loop_come_into_play(client: Client, namespace: str) -> None:
    created = await client.create(PODS, pod("web", namespace))
    await client.list(PODS, namespace)
    before = str(int(created.resource_version) - 1)
    async with aclosing(client.watch(PODS, namespace, resource_version=before)) as events:
        await anext(events)
    made = {str(type(each).__module__) for each in gc.get_objects()}
    assert not [module for module in made if module.startswith("kubernetes_asyncio.client.models")]
    assert "uvloop" not in sys.modules


async def test_cluster_wide_objects_have_no_namespace(client: Client, namespace: str) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-of-{namespace}"}}
    created = await client.create(NODES, node)
    assert str(created.key) == f"node-of-{namespace}"
    await client.delete(NODES, created.name)


@pytest.mark.parametrize("limit", [1, 3, 500, 0])
async def test_list_has_every_object_whatever_the_size_of_its_pages(client: Client, namespace: str, limit: int) -> None:
    created = [await client.create(CONFIG_MAPS, config_map(f"a{number}", namespace)) for number in range(7)]
    listed = await client.list(CONFIG_MAPS, namespace, label_selector="", limit=limit)
    assert [each for each in listed.objects if each.name.startswith("a")] == created
    assert int(listed.resource_version) >= int(created[-1].resource_version)


async def test_pages_of_a_list_are_of_one_moment(client: Client, namespace: str) -> None:
    for number in range(4):
        await client.create(CONFIG_MAPS, config_map(f"a{number}", namespace))
    async with aclosing(client.pages(CONFIG_MAPS, namespace, limit=1)) as pages:
        read = [await anext(pages)]
        await client.create(CONFIG_MAPS, config_map("a9-later", namespace))
        await client.delete(CONFIG_MAPS, "a3", namespace)
        read += [page async for page in pages]
    names = [each.name for page in read for each in page.objects if each.name.startswith("a")]
    assert names == ["a0", "a1", "a2", "a3"]
    assert len({page.resource_version for page in read}) == 1


async def test_selectors_choose(client: Client, namespace: str) -> None:
    for name, app in (("one", "web"), ("two", "db")):
        body = config_map(name, namespace)
        body["metadata"]["labels"] = {"app": app, "odd": "a-b_c.d"}
        await client.create(CONFIG_MAPS, body)
    by_label = await client.list(CONFIG_MAPS, namespace, label_selector="app in (web, cache),odd=a-b_c.d")
    by_field = await client.list(CONFIG_MAPS, namespace, field_selector="metadata.name!=one")
    assert [each.name for each in by_label.objects] == ["one"]
    assert "two" in [each.name for each in by_field.objects]
    assert "one" not in [each.name for each in by_field.objects]


async def test_selector_of_200_kilobytes_is_understood(client: Client, namespace: str) -> None:
    await client.create(CONFIG_MAPS, config_map("a", namespace))
    selector = ",".join(f"label-{number}!=some-value" for number in range(9000))
    assert len(selector) > 200_000
    listed = await client.list(CONFIG_MAPS, namespace, label_selector=selector)
    assert "a" in [each.name for each in listed.objects]


async def test_watch_tells_what_happens_after_a_version(client: Client, namespace: str) -> None:
    before = await client.create(CONFIG_MAPS, config_map("a", namespace))
    changed = await client.replace(CONFIG_MAPS, config_map("a", namespace, color="red"))
    await client.delete(CONFIG_MAPS, "a", namespace)
    seen = []
    version = before.resource_version
    async with aclosing(client.watch(CONFIG_MAPS, namespace, resource_version=version)) as events:
        async for event in events:
            seen.append((event.type, event.object.name, event.object.decode("data")))
            if event.type is EventType.DELETED:
                assert int(event.object.resource_version) > int(changed.resource_version)
                break
    assert [each for each in seen if each[1] == "a"] == [
        (EventType.MODIFIED, "a", {"color": "red"}),
        (EventType.DELETED, "a", {"color": "red"}),
    ]


async def test_watch_ends_when_the_server_ends_it(client: Client, namespace: str) -> None:
    listed = await client.list(CONFIG_MAPS, namespace)
    events = client.watch(CONFIG_MAPS, namespace, resource_version=listed.resource_version, timeout_seconds=1)
    assert [event.type async for event in events if event.type is not EventType.BOOKMARK] == []


async def test_watch_chooses_by_selector(client: Client, namespace: str) -> None:
    listed = await client.list(CONFIG_MAPS, namespace)
    for name in ("other", "mine"):
        await client.create(CONFIG_MAPS, config_map(name, namespace))
    events = client.watch(
        CONFIG_MAPS, namespace, resource_version=listed.resource_version, field_selector="metadata.name=mine"
    )
    async with aclosing(events):
        assert (await anext(events)).object.name == "mine"


async def test_merge_patch_removes_what_is_null(client: Client, namespace: str) -> None:
    await client.create(CONFIG_MAPS, config_map("a", namespace, color="red", size="big"))
    patch = {"data": {"color": None, "shape": "round"}}
    patched = await client.patch(CONFIG_MAPS, "a", patch, namespace, patch_type=PatchType.MERGE)
    assert patched.decode("data") == {"size": "big", "shape": "round"}


async def test_json_patch_tests_and_replaces(client: Client, namespace: str) -> None:
    await client.create(CONFIG_MAPS, config_map("a", namespace, color="red"))
    patch = [
        {"op": "test", "path": "/data/color", "value": "red"},
        {"op": "replace", "path": "/data/color", "value": "blue"},
    ]
    patched = await client.patch(CONFIG_MAPS, "a", patch, namespace, patch_type=PatchType.JSON)
    assert patched.decode("data") == {"color": "blue"}
    with pytest.raises(Invalid):
        await client.patch(CONFIG_MAPS, "a", patch, namespace, patch_type=PatchType.JSON)


async def test_strategic_patch_merges_lists_by_key(client: Client, namespace: str) -> None:
    await client.create(PODS, pod("web", namespace))
    patch = {"spec": {"containers": [{"name": "main", "image": "busybox:2"}]}}
    patched = await client.patch(PODS, "web", patch, namespace, patch_type=PatchType.STRATEGIC)
    (container,) = patched.decode("spec")["containers"]
    assert container["image"] == "busybox:2"
    assert container["terminationMessagePath"] == "/dev/termination-log"


async def test_patch_with_a_stale_version_is_refused(client: Client, namespace: str) -> None:
    created = await client.create(CONFIG_MAPS, config_map("a", namespace))
    await client.replace(CONFIG_MAPS, config_map("a", namespace, color="red"))
    stale = {"metadata": {"resourceVersion": created.resource_version}, "data": {"color": "blue"}}
    with pytest.raises(Conflict):
        await client.patch(CONFIG_MAPS, "a", stale, namespace, patch_type=PatchType.MERGE)


async def test_apply_creates_changes_and_gives_up_fields(client: Client, namespace: str) -> None:
    applied = await client.apply(CONFIG_MAPS, config_map("a", namespace, color="red", size="big"))
    again = await client.apply(CONFIG_MAPS, config_map("a", namespace, color="red", size="big"))
    less = await client.apply(CONFIG_MAPS, config_map("a", namespace, color="blue"))
    assert again.resource_version == applied.resource_version
    assert less.decode("data") == {"color": "blue"}


async def test_apply_refuses_to_take_fields_of_others_unless_forced(
    client: Client, host_api: Api, namespace: str
) -> None:
    async with connected(host_api.kubeconfig) as other:
        other.field_manager = "other"
        await other.apply(CONFIG_MAPS, config_map("a", namespace, color="red"))
    with pytest.raises(Conflict) as refused:
        await client.apply(CONFIG_MAPS, config_map("a", namespace, color="blue"))
    assert [cause.field for cause in refused.value.details.causes] == [".data.color"]
    forced = await client.apply(CONFIG_MAPS, config_map("a", namespace, color="blue"), force=True)
    assert forced.decode("data") == {"color": "blue"}


async def test_every_write_bears_the_field_manager(client: Client, namespace: str) -> None:
    await client.create(CONFIG_MAPS, config_map("a", namespace, color="red"))
    whole = json.loads(await client.request("GET", CONFIG_MAPS.path(namespace, "a")))
    assert [entry["manager"] for entry in whole["metadata"]["managedFields"]] == [client.field_manager]


async def test_delete_refuses_another_uid_and_another_version(client: Client, namespace: str) -> None:
    created = await client.create(CONFIG_MAPS, config_map("a", namespace))
    changed = await client.replace(CONFIG_MAPS, config_map("a", namespace, color="red"))
    with pytest.raises(Conflict):
        await client.delete(CONFIG_MAPS, "a", namespace, uid="another")
    with pytest.raises(Conflict):
        await client.delete(CONFIG_MAPS, "a", namespace, resource_version=created.resource_version)
    await client.delete(CONFIG_MAPS, "a", namespace, uid=changed.uid, resource_version=changed.resource_version)
    with pytest.raises(NotFound):
        await client.get(CONFIG_MAPS, "a", namespace)


async def test_delete_leaves_a_pod_its_grace_period(client: Client, namespace: str) -> None:
    await client.create(PODS, pod("web", namespace, nodeName="nowhere"))
    await client.delete(PODS, "web", namespace, grace_period_seconds=7)
    dying = await client.get(PODS, "web", namespace)
    assert dying.metadata.deletion_grace_period_seconds == 7
    assert dying.metadata.deletion_timestamp is not None
    await client.delete(PODS, "web", namespace, grace_period_seconds=0)
    with pytest.raises(NotFound):
        await client.get(PODS, "web", namespace)


@pytest.mark.parametrize(
    ("propagation", "finalizer"),
    [(Propagation.FOREGROUND, "foregroundDeletion"), (Propagation.ORPHAN, "orphan")],
)
async def test_delete_says_what_becomes_of_dependents(
    client: Client, namespace: str, propagation: Propagation, finalizer: str
) -> None:
    await client.create(DEPLOYMENTS, deployment("web", namespace, replicas=0))
    await client.delete(DEPLOYMENTS, "web", namespace, propagation=propagation)
    dying = await client.get(DEPLOYMENTS, "web", namespace)  # there is no garbage collector here to end it
    assert finalizer in dying.metadata.finalizers
    done = {"metadata": {"finalizers": None}}
    await client.patch(DEPLOYMENTS, "web", done, namespace, patch_type=PatchType.MERGE)


async def test_status_is_written_apart_from_the_spec(client: Client, namespace: str) -> None:
    created = await client.create(PODS, pod("web", namespace, nodeName="nowhere"))
    patch = {"spec": {"nodeName": "elsewhere"}, "status": {"message": "so far so good"}}
    patched = await client.patch(PODS, "web", patch, namespace, patch_type=PatchType.STRATEGIC, subresource="status")
    assert patched.decode("status")["message"] == "so far so good"
    assert patched.raw("spec") == created.raw("spec")
    body = patched.to_dict()
    body["status"]["message"] = "better"
    replaced = await client.replace(PODS, body, subresource="status")
    assert replaced.decode("status")["message"] == "better"


async def test_status_is_applied(client: Client, namespace: str) -> None:
    await client.create(PODS, pod("web", namespace))
    status = {"message": "applied"}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace}, "status": status}
    applied = await client.apply(PODS, body, subresource="status")
    assert applied.decode("status")["message"] == "applied"


async def test_scale_is_read_and_written(client: Client, namespace: str) -> None:
    await client.create(DEPLOYMENTS, deployment("web", namespace, replicas=2))
    scale = await client.get(DEPLOYMENTS, "web", namespace, subresource="scale")
    assert (scale.kind, scale.decode("spec")) == ("Scale", {"replicas": 2})
    body = scale.to_dict()
    body["spec"]["replicas"] = 5
    await client.replace(DEPLOYMENTS, body, subresource="scale")
    assert (await client.get(DEPLOYMENTS, "web", namespace)).decode("spec")["replicas"] == 5


async def test_token_is_issued_for_a_service_account(client: Client, namespace: str) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": namespace}}
    await client.create(SERVICE_ACCOUNTS, account)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    issued = await client.create(SERVICE_ACCOUNTS, request, namespace, name="robot", subresource="token")
    assert len(issued.decode("status")["token"].split(".")) == 3


async def test_eviction_is_refused_by_a_disruption_budget_at_once_and_granted_without(
    client: Client, namespace: str
) -> None:
    budgets = await Discovery(client).best("policy", "PodDisruptionBudget")
    assert budgets is not None
    await client.create(PODS, pod("web", namespace, nodeName="nowhere"))
    running = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    await client.patch(PODS, "web", running, namespace, patch_type=PatchType.STRATEGIC, subresource="status")
    await client.create(budgets, disruption_budget("web", namespace, version=budgets.version))
    observed = {
        "observedGeneration": 1,
        "disruptionsAllowed": 0,
        "currentHealthy": 1,
        "desiredHealthy": 1,
        "expectedPods": 1,
    }
    status = {"status": observed}
    await client.patch(budgets, "web", status, namespace, patch_type=PatchType.MERGE, subresource="status")
    eviction = {
        "apiVersion": f"policy/{budgets.version}",
        "kind": "Eviction",
        "metadata": {"name": "web", "namespace": namespace},
        "deleteOptions": {"gracePeriodSeconds": 0},
    }
    with pytest.raises(TooManyRequests) as refused:
        await client.create(PODS, eviction, name="web", subresource="eviction")
    assert refused.value.has_cause("DisruptionBudget")
    await client.delete(budgets, "web", namespace)
    await client.create(PODS, eviction, name="web", subresource="eviction")
    with pytest.raises(NotFound):
        await client.get(PODS, "web", namespace)


def require(api: Api, subresource: str, *, since: tuple[int, int]) -> None:
    if api.version[:2] < since:
        pytest.skip(f"Kubernetes {api.version} has no pods/{subresource}")


async def test_running_pod_gets_a_container_to_look_around_with(client: Client, host_api: Api) -> None:
    require(host_api, "ephemeralcontainers", since=(1, 23))
    await client.create(PODS, pod("web", host_api.namespace, nodeName="nowhere"))
    patch = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "busybox"}]}}
    patched = await client.patch(
        PODS,
        "web",
        patch,
        host_api.namespace,
        patch_type=PatchType.STRATEGIC,
        subresource="ephemeralcontainers",
    )
    assert [each["name"] for each in patched.decode("spec")["ephemeralContainers"]] == ["debug"]


async def test_running_pod_gets_other_resources(client: Client, host_api: Api) -> None:
    require(host_api, "resize", since=(1, 33))
    body = pod("web", host_api.namespace, nodeName="nowhere")
    body["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "10m"}}
    await client.create(PODS, body)
    patch = {"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": "50m"}}}]}}
    patched = await client.patch(
        PODS, "web", patch, host_api.namespace, patch_type=PatchType.STRATEGIC, subresource="resize"
    )
    assert patched.decode("spec")["containers"][0]["resources"]["requests"] == {"cpu": "50m"}
