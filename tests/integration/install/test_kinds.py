"""Our kinds as an API server treats them: what it lets in, fills in and shows."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kube.client import Client, PatchType
from kube.errors import BadRequest, Invalid
from sandbox.session import ApiServer
from tests.cluster_fixtures import Api
from tests.integration.install import k3k_manifests
from tests.integration.install.k3k_manifests import cluster, policy
from tests.integration.install.kinds import install_kinds, need_rules
from tests.integration.kube.following import connected
from tests.kubectl import Kubectl
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.resources import CLUSTERS, POLICIES
from vk_provider.controller.validation import mistakes

Json = dict[str, Any]
ON, OFF = {"enabled": True}, {"enabled": False}
CONDITION = {
    "type": "Ready",
    "status": "False",
    "reason": "Provisioning",
    "message": "the servers start",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


@pytest.fixture(scope="module", autouse=True)
def _kinds(host_api_server: ApiServer) -> None:
    install_kinds(host_api_server)


@pytest.fixture
def kubectl(host_api: Api) -> Kubectl:
    return Kubectl(host_api.server.kubectl, host_api.kubeconfig, host_api.namespace)


@pytest.fixture
async def client(host_api: Api) -> AsyncIterator[Client]:
    async with connected(host_api.kubeconfig) as opened:
        yield opened


async def refusal(client: Client, body: Json, namespace: str | None = None) -> str:
    """What the API server says of an object that it does not let in."""
    with pytest.raises((Invalid, BadRequest)) as refused:
        await client.create(CLUSTERS if body["kind"] == "Cluster" else POLICIES, body, namespace)
    return refused.value.message


def test_what_is_not_said_is_filled_in(kubectl: Kubectl) -> None:
    kubectl.apply({"apiVersion": "k3k.io/v1beta1", "kind": "Cluster", "metadata": {"name": "demo"}})
    assert kubectl.get("cluster", "demo")["spec"] == {
        "mode": "shared",
        "servers": 1,
        "agents": 0,
        "mirrorHostNodes": False,
        "persistence": {"type": "dynamic", "storageRequestSize": "2G"},
        "sync": {
            "configMaps": ON,
            "secrets": ON,
            "services": ON,
            "persistentVolumeClaims": ON,
            "ingresses": {**OFF, "disableTLSSecretTranslation": False},
            "priorityClasses": OFF,
            "storageClasses": OFF,
        },
    }


def test_a_policy_leaves_to_clusters_what_it_does_not_say(kubectl: Kubectl, host_api: Api) -> None:
    kubectl.apply(policy(host_api.namespace, {}))
    assert kubectl.get("vcp", host_api.namespace)["spec"] == {"allowedMode": "shared", "disableNetworkPolicy": False}


def test_manifests_for_k3k_apply_unchanged(kubectl: Kubectl) -> None:
    kubectl.apply(*k3k_manifests.MANIFESTS.values())
    found = [*kubectl.get("clusters")["items"], *kubectl.get("vcp")["items"]]
    kept = {(one["kind"], one["metadata"]["name"]): one["spec"] for one in found}
    dropped = {
        title: lost(manifest["spec"], kept[manifest["kind"], manifest["metadata"]["name"]])
        for title, manifest in k3k_manifests.MANIFESTS.items()
    }
    assert not any(dropped.values()), dropped


def lost(said: Any, kept: Any, path: str = "spec") -> list[str]:
    """What of a manifest was dropped or changed."""
    if isinstance(said, dict) and isinstance(kept, dict):
        return [one for key, value in said.items() for one in lost(value, kept.get(key), f"{path}.{key}")]
    if isinstance(said, list) and isinstance(kept, list) and len(said) == len(kept):
        pairs = enumerate(zip(said, kept, strict=True))
        return [one for number, (before, after) in pairs for one in lost(before, after, f"{path}[{number}]")]
    return [] if said == kept else [path]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"version": 1}, "spec.version", id="version"),
        pytest.param({"mode": "other"}, "spec.mode", id="mode"),
        pytest.param({"servers": "many"}, "spec.servers", id="servers"),
        pytest.param({"agents": 1.5}, "spec.agents", id="agents"),
        pytest.param({"clusterCIDR": []}, "spec.clusterCIDR", id="clusterCIDR"),
        pytest.param({"serviceCIDR": 10}, "spec.serviceCIDR", id="serviceCIDR"),
        pytest.param({"clusterDNS": 10}, "spec.clusterDNS", id="clusterDNS"),
        pytest.param({"persistence": {"type": 1}}, "spec.persistence.type", id="persistence type"),
        pytest.param({"persistence": {"storageRequestSize": "1 G"}}, "spec.persistence.storageRequestSize", id="size"),
        pytest.param({"persistence": {"storageClassName": 1}}, "spec.persistence.storageClassName", id="class"),
        pytest.param({"expose": {"nodePort": 30000}}, "spec.expose.nodePort", id="node port"),
        pytest.param({"expose": {"nodePort": {"serverPort": "x"}}}, "spec.expose.nodePort.serverPort", id="its port"),
        pytest.param({"expose": {"loadBalancer": {"etcdPort": "x"}}}, "spec.expose.loadBalancer.etcdPort", id="etcd"),
        pytest.param({"expose": {"ingress": {"ingressClassName": 1}}}, "ingressClassName", id="ingress class"),
        pytest.param({"expose": {"annotations": {"a": 1}}}, "spec.expose.annotations.a", id="annotations"),
        pytest.param({"nodeSelector": {"a": True}}, "spec.nodeSelector.a", id="node selector"),
        pytest.param({"priorityClass": 1}, "spec.priorityClass", id="priority class"),
        pytest.param({"tokenSecretRef": "token"}, "spec.tokenSecretRef", id="token"),
        pytest.param({"tlsSANs": "a.example"}, "spec.tlsSANs", id="tlsSANs"),
        pytest.param({"serverArgs": "--v=2"}, "spec.serverArgs", id="serverArgs"),
        pytest.param({"agentArgs": [1]}, "spec.agentArgs", id="agentArgs"),
        pytest.param({"serverEnvs": [{"value": "x"}]}, "spec.serverEnvs.name", id="variable without a name"),
        pytest.param({"agentEnvs": {"A": "b"}}, "spec.agentEnvs", id="agentEnvs"),
        pytest.param({"addons": [{"secretRef": 1}]}, "spec.addons.secretRef", id="addons"),
        pytest.param({"serverLimit": {"cpu": "a lot"}}, "spec.serverLimit.cpu", id="serverLimit"),
        pytest.param({"workerLimit": {"cpu": "a lot"}}, "spec.workerLimit.cpu", id="workerLimit"),
        pytest.param({"serverResources": {"limits": {"cpu": "x"}}}, "spec.serverResources.limits.cpu", id="resources"),
        pytest.param({"workerResources": {"requests": []}}, "spec.workerResources.requests", id="workerResources"),
        pytest.param({"serverAffinity": {"nodeAffinity": []}}, "spec.serverAffinity.nodeAffinity", id="affinity"),
        pytest.param({"agentAffinity": "near"}, "spec.agentAffinity", id="agentAffinity"),
        pytest.param({"mirrorHostNodes": "yes"}, "spec.mirrorHostNodes", id="mirrorHostNodes"),
        pytest.param({"customCAs": {"enabled": True}}, "spec.customCAs.sources", id="no sources"),
        pytest.param({"customCAs": {"sources": {}}}, "spec.customCAs.sources.serverCA", id="an authority missing"),
        pytest.param({"sync": {"services": True}}, "spec.sync.services", id="sync"),
        pytest.param({"secretMounts": [{"role": "worker"}]}, "spec.secretMounts.role", id="role of a mount"),
        pytest.param({"secretMounts": [{"name": ""}]}, "spec.secretMounts.name", id="name of a mount"),
        pytest.param({"podSecurityContext": {"fsGroup": "x"}}, "spec.podSecurityContext.fsGroup", id="pod security"),
        pytest.param({"securityContext": {"privileged": "no"}}, "spec.securityContext.privileged", id="security"),
        pytest.param({"runtimeClassName": 1}, "spec.runtimeClassName", id="runtime class"),
        pytest.param({"hostUsers": "no"}, "spec.hostUsers", id="hostUsers"),
    ],
)
async def test_a_value_of_the_wrong_type_is_not_let_in(client: Client, host_api: Api, spec: Json, field: str) -> None:
    assert field in (await refusal(client, cluster("demo", spec), host_api.namespace)).replace("[0]", "")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"allowedMode": "any"}, "spec.allowedMode", id="mode"),
        pytest.param({"podSecurityAdmissionLevel": "strict"}, "spec.podSecurityAdmissionLevel", id="security level"),
        pytest.param({"quota": {"hard": {"cpu": "x"}}}, "spec.quota.hard.cpu", id="quota"),
        pytest.param({"limit": {}}, "spec.limit.limits", id="limit"),
    ],
)
async def test_so_it_is_with_policies(client: Client, spec: Json, field: str) -> None:
    assert field in await refusal(client, policy("demo", spec))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(cluster("system", {}), id="reserved name"),
        pytest.param(cluster("a" * 42, {}), id="long name"),
        pytest.param(cluster("a.b", {}), id="dotted name"),
        pytest.param(cluster("demo", {"version": "latest"}), id="version"),
        pytest.param(cluster("demo", {"servers": 0}), id="servers"),
        pytest.param(cluster("demo", {"agents": -1}), id="agents"),
        pytest.param(cluster("demo", {"persistence": {"type": "static"}}), id="persistence"),
        pytest.param(cluster("demo", {"expose": {"nodePort": {}, "loadBalancer": {}}}), id="exposed twice"),
        pytest.param(cluster("demo", {"expose": {"ingress": {}}}), id="ingress without a host"),
        pytest.param(cluster("demo", {"expose": {"loadBalancer": {"serverPort": 0}}}), id="hidden port"),
        pytest.param(cluster("demo", {"tokenSecretRef": {}}), id="token"),
        pytest.param(cluster("demo", {"addons": [{}]}), id="addon"),
        pytest.param(cluster("demo", {"secretMounts": [{"secretName": "a"}]}), id="mount"),
    ],
)
async def test_rules_are_told_in_the_words_of_the_controller(client: Client, host_api: Api, body: Json) -> None:
    need_rules(host_api.server)
    said = await refusal(client, body, host_api.namespace)
    assert [mistake.what for mistake in mistakes(Cluster.read(body)) if mistake.what not in said] == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"mode": "virtual"}, id="mode"),
        pytest.param({"clusterCIDR": "10.0.0.0/16"}, id="range of pods"),
        pytest.param({"persistence": {"type": "ephemeral"}}, id="persistence"),
    ],
)
async def test_what_is_fixed_stays(client: Client, host_api: Api, change: Json) -> None:
    need_rules(host_api.server)
    await client.create(CLUSTERS, cluster("demo", {}), host_api.namespace)
    with pytest.raises(Invalid, match="cannot be changed; make another Cluster for that"):
        await client.patch(CLUSTERS, "demo", {"spec": change}, host_api.namespace, patch_type=PatchType.MERGE)


async def test_kubectl_shows_how_a_cluster_is(kubectl: Kubectl, client: Client, host_api: Api) -> None:
    await client.create(CLUSTERS, cluster("demo", {"servers": 3}), host_api.namespace)
    await write_status(client, host_api, {"phase": "Provisioning", "version": "v1.33.4-k3s1", "policyName": "strict"})
    assert rows(kubectl("get", "vc")) == [
        ["NAME", "MODE", "STATUS", "SERVERS", "VERSION", "POLICY", "AGE"],
        ["demo", "shared", "Provisioning", "3", "v1.33.4-k3s1", "strict"],
    ]


async def test_kubectl_shows_more_if_asked(kubectl: Kubectl, client: Client, host_api: Api) -> None:
    await client.create(CLUSTERS, cluster("demo", {}), host_api.namespace)
    await write_status(client, host_api, {"endpoint": "https://10.0.0.1", "conditions": [CONDITION]})
    wide = kubectl("get", "cluster", "demo", "-o", "wide")
    assert "https://10.0.0.1" in wide
    assert "the servers start" in wide
    kubectl.wait_for("condition=Ready=False", "cluster/demo")


def test_kubectl_explains_fields(kubectl: Kubectl) -> None:
    assert "one of ingress, loadBalancer and nodePort" in " ".join(kubectl("explain", "cluster.spec.expose").split())


async def test_spec_and_status_do_not_touch_each_other(client: Client, host_api: Api) -> None:
    created = await client.create(CLUSTERS, {**cluster("demo", {}), "status": {"phase": "Ready"}}, host_api.namespace)
    assert created.decode("status") is None
    await write_status(client, host_api, {"phase": "Ready"}, spec={"servers": 5})
    found = Cluster.of(await client.get(CLUSTERS, "demo", host_api.namespace))
    assert (found.spec.servers, found.status.phase, found.generation) == (1, "Ready", 1)


async def write_status(client: Client, host_api: Api, status: Json, **more: Any) -> None:
    change = {"status": status, **more}
    await client.patch(CLUSTERS, "demo", change, host_api.namespace, patch_type=PatchType.MERGE, subresource="status")


def rows(table: str) -> list[list[str]]:
    """Without the ages."""
    header, *lines = (line.split() for line in table.splitlines())
    return [header, *(line[:-1] for line in lines)]
