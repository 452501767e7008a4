"""Who may do what on the host: exactly what docs/reference/rights.md says, which is enough, and no way to get more."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube.client import Client
from kube.errors import Forbidden
from kube.resources import CLUSTER_ROLE_BINDINGS, PODS, ROLE_BINDINGS, SERVICE_ACCOUNTS, Resource
from tests.cluster_fixtures import Api
from tests.eventually import eventually_true
from tests.integration.kube.following import connected
from tests.integration.vk_provider.controlling import Author, author
from tests.kubectl import Kubectl
from vk_provider.controller.resources import CLUSTERS
from vk_provider.install import roles
from vk_provider.install.controller import account
from vk_provider.install.options import NAME, Options
from vk_provider.install.write import REFERENCE

CLUSTER_ROLES = Resource(roles.API_GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
IMAGE = "vk-provider:test"
CONTROLLER_POD: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "controller-1"},
    "spec": {"automountServiceAccountToken": False, "containers": [{"name": "controller", "image": IMAGE}]},
}
Rights = Mapping[tuple[str, str], frozenset[str]]
"""Verbs by resource and name; any name where it is empty."""


def documented(*names: str) -> Rights:
    """What the documentation says of these roles."""
    found: dict[tuple[str, str], frozenset[str]] = defaultdict(frozenset)
    sections = (REFERENCE / "rights.md").read_text().split("\n## ")
    for section in sections:
        if re.match(r"(Cluster)?Role `([^`]+)`", section) and section.split("`")[1] in names:
            for key, verbs in _rows(section):
                found[key] |= verbs
    return dict(found)


def _rows(section: str) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    for line in section.splitlines()[4:]:
        what, verbs = (cell.strip() for cell in line.strip("| ").split("|"))
        resources, _, objects = what.partition(" named ")
        for resource in re.findall("`([^`]+)`", resources):
            for name in re.findall("`([^`]+)`", objects) or [""]:
                yield (resource, name), frozenset(verbs.split(", "))


def listed(kubectl: Kubectl, namespace: str, name: str) -> Rights:
    """What `kubectl auth can-i --list` shows for an account, but for what everybody may do."""
    mine, everybodys = (_listed(kubectl, f"{namespace}:{who}") for who in (name, "nobody"))
    return {key: verbs for key, verbs in mine.items() if verbs != everybodys.get(key)}


def _listed(kubectl: Kubectl, who: str) -> Rights:
    found: dict[tuple[str, str], frozenset[str]] = defaultdict(frozenset)
    table = kubectl("auth", "can-i", "--list", f"--as=system:serviceaccount:{who}", "--no-headers")
    for line in table.splitlines():
        resource, _, names, verbs = re.fullmatch(r"(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]\s*", line).groups()  # type: ignore[union-attr]
        for name in names.split() or [""]:
            found[resource, name] |= frozenset(verbs.split())
    return found


@pytest.fixture
async def admin(host_api: Api) -> AsyncIterator[Client]:
    """Whoever has installed the roles."""
    async with connected(host_api.kubeconfig) as client:
        for role in roles.cluster_roles():
            await client.apply(CLUSTER_ROLES, role, force=True)
        yield client


@pytest.fixture
def kubectl(host_api: Api) -> Kubectl:
    return Kubectl(host_api.server.kubectl, host_api.kubeconfig, host_api.namespace)


async def install_account(admin: Client, options: Options) -> None:
    for body in account(options):
        group, _, version = body["apiVersion"].rpartition("/")
        plural = f"{body['kind'].lower()}s"
        namespaced = "namespace" in body["metadata"]
        await admin.apply(Resource(group, version, plural, body["kind"], namespaced=namespaced), body, force=True)


async def kubeconfig_of(admin: Client, api: Api, folder: Path) -> Path:
    token = await admin.create(SERVICE_ACCOUNTS, {"spec": {}}, api.namespace, subresource="token", name=NAME)
    config = yaml.safe_load(api.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token.decode("status")["token"]}
    (folder / "controller.yaml").write_text(yaml.safe_dump(config))
    return folder / "controller.yaml"


def bound(role: str, api: Api, name: str = "provider") -> dict[str, Any]:
    return roles.binding(name, role, (api.namespace, "provider"), namespace=api.namespace)


async def test_a_controller_may_do_what_is_documented(admin: Client, kubectl: Kubectl, host_api: Api) -> None:
    await install_account(admin, Options(namespace=host_api.namespace))
    expected = documented(NAME, roles.CONTROLLER, roles.CONTROLLER_CLUSTER_WIDE)
    assert listed(kubectl, host_api.namespace, NAME) == expected
    elsewhere = documented(roles.CONTROLLER, roles.CONTROLLER_CLUSTER_WIDE)
    assert listed(in_default(kubectl), host_api.namespace, NAME) == elsewhere


async def test_a_controller_of_one_namespace_may_do_nothing_outside(
    admin: Client, kubectl: Kubectl, host_api: Api
) -> None:
    await install_account(admin, Options(namespace=host_api.namespace, one_namespace=True))
    assert listed(kubectl, host_api.namespace, NAME) == documented(NAME, roles.CONTROLLER)
    assert listed(in_default(kubectl), host_api.namespace, NAME) == {}


@pytest.mark.parametrize("further", [roles.PROVIDER_STORAGE_CLASSES, roles.PROVIDER_PRIORITY_CLASSES])
async def test_a_provider_may_do_more_only_if_it_is_asked_for(
    admin: Client, kubectl: Kubectl, host_api: Api, further: str
) -> None:
    await admin.create(ROLE_BINDINGS, bound(roles.PROVIDER, host_api))
    assert listed(kubectl, host_api.namespace, "provider") == documented(roles.PROVIDER)
    assert listed(in_default(kubectl), host_api.namespace, "provider") == {}
    everywhere = roles.binding(f"{host_api.namespace}-{further}", further, (host_api.namespace, "provider"))
    await admin.create(CLUSTER_ROLE_BINDINGS, everywhere)
    assert listed(in_default(kubectl), host_api.namespace, "provider") == documented(further)


def in_default(kubectl: Kubectl) -> Kubectl:
    return Kubectl(Path(kubectl.command[0]), Path(kubectl.command[1].partition("=")[2]))


@pytest.mark.parametrize("one_namespace", [False, True], ids=["all namespaces", "one namespace"])
async def test_a_controller_hands_on_the_roles_of_providers_and_no_others(
    admin: Client, host_api: Api, tmp_path: Path, *, one_namespace: bool
) -> None:
    await install_account(admin, Options(namespace=host_api.namespace, one_namespace=one_namespace))
    async with connected(await kubeconfig_of(admin, host_api, tmp_path)) as controller:
        await controller.apply(ROLE_BINDINGS, bound(roles.PROVIDER, host_api), force=True)
        for role in ("cluster-admin", "system:kube-controller-manager"):
            with pytest.raises(Forbidden):
                await controller.apply(ROLE_BINDINGS, bound(role, host_api, "more"), force=True)
        with pytest.raises(Forbidden):
            await controller.apply(CLUSTER_ROLES, roles.cluster_roles()[2], force=True)
        everywhere = roles.binding("more", roles.PROVIDER, (host_api.namespace, "provider"))
        if one_namespace:
            with pytest.raises(Forbidden):
                await controller.apply(CLUSTER_ROLE_BINDINGS, everywhere, force=True)


async def test_these_rights_are_enough_for_a_controller_of_one_namespace(
    admin: Client, host_api: Api, tmp_path: Path
) -> None:
    await install_account(admin, Options(namespace=host_api.namespace, one_namespace=True))
    kubeconfig = await kubeconfig_of(admin, host_api, tmp_path)
    await admin.create(PODS, CONTROLLER_POD, host_api.namespace)
    own_image = ("--provider-image=", f"--pod={CONTROLLER_POD['metadata']['name']}")
    async with author(host_api) as somebody, somebody.controlled(*own_image, kubeconfig=kubeconfig):
        await lives_and_dies(somebody)


async def test_these_rights_are_enough_for_a_controller_of_all_namespaces(virtual_api: Api, tmp_path: Path) -> None:
    async with author(virtual_api) as somebody:
        for role in roles.cluster_roles():
            await somebody.client.apply(CLUSTER_ROLES, role, force=True)
        await install_account(somebody.client, Options(namespace=virtual_api.namespace))
        kubeconfig = await kubeconfig_of(somebody.client, virtual_api, tmp_path)
        async with somebody.controlled("--namespaces=", kubeconfig=kubeconfig):
            wanted = {"storageClasses": {"enabled": True}, "priorityClasses": {"enabled": True}}
            await lives_and_dies(somebody, sync=wanted)


async def lives_and_dies(somebody: Author, **spec: Any) -> None:
    """A Cluster gets as far as it can without pods, and goes when it is deleted."""
    await somebody.create(**spec)

    async def is_made() -> bool:
        return {("RoleBinding", "k3k-demo-provider"), ("Deployment", "k3k-demo-provider")} <= (
            await somebody.made()
        ).keys()

    await eventually_true(is_made, "the Cluster's objects to be made", seconds=90)
    made = await somebody.made()
    (container,) = made["Deployment", "k3k-demo-provider"].decode("spec")["template"]["spec"]["containers"]
    assert container["image"] == IMAGE
    await somebody.client.delete(CLUSTERS, "demo", somebody.namespace)

    async def is_gone() -> bool:
        return await somebody.cluster() is None

    await eventually_true(is_gone, "the Cluster to go", seconds=90)


async def test_who_may_edit_a_namespace_may_have_clusters_there(virtual_api: Api) -> None:
    kubectl = Kubectl(virtual_api.server.kubectl, virtual_api.kubeconfig, virtual_api.namespace)
    kubectl.apply(*roles.cluster_roles())
    for role in ("edit", "view"):
        kubectl("create", "rolebinding", role, f"--clusterrole={role}", f"--user={role}or")

    async def can(verb: str, who: str) -> bool:
        answer = kubectl.run("auth", "can-i", verb, "clusters.k3k.io", f"--as={who}").stdout
        return answer.decode().strip() == "yes"

    await eventually_true(lambda: can("create", "editor"), "the roles to be taken together")
    assert await can("watch", "viewor")
    assert not await can("delete", "viewor")
